"""Has `cargo lambda watch` serve the functions' binaries, and every event of events/ come there.

A ticket is issued, opened, paid at PayPal, come back from; then all else that API Gateway,
EventBridge and the stream bring. Each event is a file of events/, filled in and sent by
`cargo lambda invoke`. PayPal and the engine of the table are those of `cargo run`; the table
is one of its own, which nobody but these binaries writes to, so that what stands there at
the end was done by them.

Usage: watch.py FOLDER-OF-BINARIES
"""

import base64
import http.server
import json
import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import boto3
from surroundings import ask, free_port

ROOT = Path(__file__).resolve().parent.parent.parent
EVENTS = ROOT / "events"
TABLE = "watched"
SUBSCRIBER = "cash-office"
# Longer than any function may take, and than a start on a busy machine.
PATIENCE_S = 60
LOOKS_MAX = 300
FORM = "application/x-www-form-urlencoded"
REASON = "Anhörung vom 3. Tag"


class Failed(Exception):
    """What a driver, a clerk or PayPal would have stumbled over."""


def expect(is_so, what):
    if not is_so:
        raise Failed(what)
    print(f"   seen: {what}", flush=True)


def moment(**ago):
    return (datetime.now(timezone.utc) - timedelta(**ago)).isoformat(timespec="seconds")


class Answer:
    """What a function gave back, read as its API would read it."""

    def __init__(self, value):
        self.value = value
        self.status = value.get("statusCode")
        body = value.get("body") or ""
        encoded = value.get("isBase64Encoded")
        self.body = base64.b64decode(body).decode() if encoded else body
        state = re.search(r'data-state="([a-z-]+)"', self.body)
        self.state = state and state.group(1)

    def json(self):
        return json.loads(self.body)

    def header(self, wanted):
        several = {name: values[0] for name, values in self.value.get("multiValueHeaders", {}).items()}
        every = {**several, **self.value.get("headers", {})}
        return {name.lower(): value for name, value in every.items()}.get(wanted)


class Ears:
    """Where PayPal's webhooks and those for the city's own systems arrive."""

    def __init__(self):
        self.of_paypal = {}
        self.of_us = queue.Queue()
        ears = self

        class Hear(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                headers = {name.lower(): value for name, value in self.headers.items()}
                read = json.loads(body)
                if self.path == "/paypal/webhook":
                    ears.told(read["event_type"]).put((headers, body))
                else:
                    ears.of_us.put((headers, read))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hear)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.lock = threading.Lock()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def told(self, event_type):
        with self.lock:
            return self.of_paypal.setdefault(event_type, queue.Queue())


class Watched:
    def __init__(self, binaries):
        self.folder = Path(tempfile.mkdtemp(prefix="watched-"))
        self.binaries = Path(binaries).resolve()
        self.started = []
        self.asked = set()
        self.called = set()
        self.ears = Ears()

    # --- what is started ---------------------------------------------------------------

    def start(self, command, environment, log, is_ready, **more):
        """A process of ours, once it is ready; ended by its own id."""
        with log.open("w") as out:
            process = subprocess.Popen(command, env=environment, stdout=out, stderr=subprocess.STDOUT,
                                       start_new_session=True, **more)
        self.started.append(process)
        for _ in range(LOOKS_MAX):
            if ready := is_ready():
                return ready
            if process.poll() is not None:
                raise Failed(f"{' '.join(command)} has ended")
            time.sleep(0.2)
        raise Failed(f"{' '.join(command)} does not get ready")

    def set_up(self):
        self.start_surroundings()
        self.is_the_pinned_one()
        self.every_function_is_found()
        self.start_watch()

    def start_surroundings(self):
        """`cargo run`: an engine for the table, a PayPal, the city's keys."""
        data = self.folder / "data"
        ports = [f"--{what}-port=0" for what in ("public", "office", "paypal", "dynamodb")]
        # Closed, so that PayPal's books hold no payment of the sample tickets.
        environment = {**os.environ, "CAPTURES": "closed", "RUST_LOG": "warn"}
        log = self.folder / "local.log"
        ready = self.start([str(self.binaries / "local"), "--data", str(data), *ports], environment, log,
                           lambda: re.search(r"^ready (.+)\n", log.read_text(), re.M))
        places = dict(word.split("=", 1) for word in ready.group(1).split())
        self.paypal = places["paypal"]
        status, _, text = ask(f"{places['office']}/_local/configuration")
        expect(status == 200, "the stack tells what its functions are told")
        told = json.loads(text)
        self.make_table(places["dynamodb"], told["TABLE_NAME"])
        self.let_paypal_tell_us(told)
        subscribers = [{"id": SUBSCRIBER, "url": f"{self.ears.url}/changes",
                        "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]}]
        self.variables = {
            **told,
            "TABLE_NAME": TABLE,
            "CAPTURES": "open",
            "TOKEN_SIGNING_KEY": (data / "token-signing-key.pem").read_text(),
            "SUBSCRIBERS": json.dumps(subscribers),
            "SUBSCRIBERS_ON_LOOPBACK": "allowed",
            "AWS_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
        }

    def make_table(self, url, of_the_stack):
        """Another one like it: the stack's own functions sweep theirs, and would do our work."""
        self.dynamodb = boto3.client("dynamodb", endpoint_url=url, region_name="eu-central-1",
                                     aws_access_key_id="local", aws_secret_access_key="local")
        like = self.dynamodb.describe_table(TableName=of_the_stack)["Table"]
        indexes = [{name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
                   for index in like["GlobalSecondaryIndexes"]]
        self.dynamodb.create_table(
            TableName=TABLE, BillingMode="PAY_PER_REQUEST", KeySchema=like["KeySchema"],
            AttributeDefinitions=like["AttributeDefinitions"], GlobalSecondaryIndexes=indexes)
        for item in self.items(of_the_stack, "MUNICIPALITY#"):
            self.dynamodb.put_item(TableName=TABLE, Item=item)

    def items(self, table, begins):
        every = self.dynamodb.scan(TableName=table, ConsistentRead=True)["Items"]
        return [item for item in every if item["pk"]["S"].startswith(begins)]

    def let_paypal_tell_us(self, told):
        app = f"{told['PAYPAL_CLIENT_ID']}:{told['PAYPAL_CLIENT_SECRET']}"
        token = self.at_paypal("POST", "/v1/oauth2/token", "grant_type=client_credentials",
                               base64.b64encode(app.encode()).decode(), FORM, "Basic")["access_token"]
        lead = [{"op": "replace", "path": "/url", "value": f"{self.ears.url}/paypal/webhook"}]
        self.at_paypal("PATCH", f"/v1/notifications/webhooks/{told['PAYPAL_WEBHOOK_ID']}",
                       json.dumps(lead), token)
        # The night and a restore read PayPal's books, which lag by hours.
        self.at_paypal("POST", "/_standin/faults", json.dumps({"report_lag_s": 0}))

    def at_paypal(self, method, path, body="", token=None, content_type="application/json",
                  kind="Bearer"):
        status, _, text = ask(f"{self.paypal}{path}", method, body, token, content_type, kind)
        if status not in (200, 201, 202):
            raise Failed(f"PayPal answers {method} {path}: {status} {text}")
        return json.loads(text)

    # --- cargo lambda --------------------------------------------------------------------

    def cargo_lambda(self, *arguments):
        try:
            return subprocess.run(["cargo-lambda", "lambda", *arguments], capture_output=True,
                                  text=True, timeout=PATIENCE_S, check=False)
        except subprocess.TimeoutExpired as late:
            # As long as a function does not start, it is waited for.
            raise Failed(f"no answer to cargo lambda {' '.join(arguments)}") from late

    def is_the_pinned_one(self):
        pinned = re.search(r"^cargo-lambda==(\S+)$", (ROOT / "tests/requirements.txt").read_text(), re.M)
        version = self.cargo_lambda("--version").stdout.split()
        expect(version[:2] == ["cargo-lambda", pinned.group(1)], f"cargo-lambda is {pinned.group(1)}")

    def every_function_is_found(self):
        """`cargo lambda watch` asks `cargo run --bin` for each, which looks into the default
        members only; here another program stands in for that cargo."""
        answer = subprocess.run(
            ["cargo", "metadata", "--format-version", "1", "--no-deps", "--offline",
             "--manifest-path", str(ROOT / "Cargo.toml")], capture_output=True, text=True, check=True)
        metadata = json.loads(answer.stdout)
        default = [it for it in metadata["packages"] if it["id"] in metadata["workspace_default_members"]]
        runs = [it["default_run"] for it in default if it["default_run"]]
        expect(runs == ["local"], "`cargo run` starts the stack")
        found = {target["name"] for it in default for target in it["targets"] if "bin" in target["kind"]}
        self.functions = {it.parent.name for it in (ROOT / "functions").glob("*/Cargo.toml")}
        missing = sorted(self.functions - found)
        expect(self.functions and not missing,
               "`cargo run --bin` finds each function" + (f", but {missing}" if missing else ""))

    def start_watch(self):
        # What is built already is run; anything else that is asked of cargo would build.
        cargo = self.folder / "bin" / "cargo"
        cargo.parent.mkdir()
        cargo.write_text(f"""#!/bin/sh
case "$1" in
metadata) exec {shutil.which("cargo")} "$@" ;;
run) ;;
*) echo "cargo $1 is not asked for here" >&2; exit 2 ;;
esac
while [ "$1" != --bin ]; do [ $# -gt 0 ] || exit 2; shift; done
exec {self.binaries}/"$2"
""")
        cargo.chmod(0o755)
        port = free_port()
        environment = {**os.environ, **self.variables,
                       "PATH": f"{cargo.parent}:{os.environ['PATH']}"}
        # Set where cargo has started this, and taken before that of PATH.
        environment.pop("CARGO", None)
        self.at = ["--invoke-address", "127.0.0.1", "--invoke-port", str(port)]

        def listens(address="127.0.0.1"):
            with socket.socket() as it:
                return it.connect_ex((address, port)) == 0

        # In a folder of its own: it watches all that lies beneath.
        self.start(["cargo-lambda", "lambda", "watch", "--ignore-changes", *self.at,
                    "--manifest-path", str(ROOT / "Cargo.toml")],
                   environment, self.folder / "watch.log", listens, cwd=cargo.parent)
        expect(not listens("127.0.0.2"), "it listens on 127.0.0.1 and nowhere else")

    def invoke(self, function, name, change=None, **fill):
        """The event of this name, filled in, by way of `cargo lambda invoke`."""
        self.asked.add(name)
        self.called.add(function)
        text = (EVENTS / f"{name}.json").read_text()
        for placeholder, value in {"OFFICE_TOKEN": "office.made.up", **fill}.items():
            text = text.replace(f"__{placeholder}__", value)
        event = json.loads(text)
        if change:
            change(event)
        text = json.dumps(event)
        if left := re.search(r"__[A-Z_]+__", text):
            raise Failed(f"{name}: nobody has filled in {left.group()}")
        file = self.folder / "event.json"
        file.write_text(text)
        said = self.cargo_lambda("invoke", *self.at, function, "--data-file", str(file))
        if said.returncode != 0:
            raise Failed(f"{name}: {function} gives no answer\n{said.stdout}{said.stderr}")
        return Answer(json.loads(said.stdout))

    def answers(self, status, function, name, change=None, state=None, **fill):
        answer = self.invoke(function, name, change, **fill)
        wanted, found = (status, state), (answer.status, answer.state)
        if found != wanted:
            raise Failed(f"{name}: {function} answers {found} and not {wanted}\n{answer.body}")
        print(f"   {name}: {function} answers {status}{f', {state}' if state else ''}", flush=True)
        return answer

    def page(self, state, function, name, **fill):
        return self.answers(200, function, name, state=state, **fill)

    # --- what goes through it ------------------------------------------------------------

    def run(self):
        self.set_up()
        for part in (self.a_driver_pays, self.everybody_hears_of_it, self.books_agree,
                     self.a_driver_hesitates, self.money_goes_back, self.a_payment_is_denied,
                     self.a_payment_is_disputed, self.clerks_decide):
            print(f"\n== {part.__name__.replace('_', ' ')}", flush=True)
            part()
        print("\n== and in all")
        expect(len(self.captures()) == 3, "PayPal has captured once what each payer has approved")
        missing = sorted({file.stem for file in EVENTS.glob("*.json")} - self.asked)
        expect(not missing, f"{len(self.asked)} events were answered; left: {missing or 'none'}")
        missing = sorted(self.functions - self.called)
        expect(not missing, f"by {len(self.called)} functions; left: {missing or 'none'}")

    def issue(self, case_number):
        issued = self.answers(201, "issue-tickets", "city-issues-ticket", just_now,
                              CASE_NUMBER=case_number).json()
        return issued["url"].rsplit("/", 1)[1]

    def presses_pay(self, token):
        pressed = self.answers(303, "start-checkout", "driver-presses-pay", TOKEN=token, AMOUNT="30.00")
        leads = pressed.header("location")
        expect(leads.startswith(self.paypal), "the button leads to PayPal")
        return leads

    def chooses(self, choice, leads):
        """What PayPal's page leads back with."""
        status, headers, _ = ask(leads, "POST", f"choice={choice}", content_type=FORM)
        back = re.fullmatch(r"/r/([^/]+)(/cancel)?", urlsplit(headers["location"]).path)
        expect(status == 303 and bool(back.group(2)) == (choice == "cancel"),
               f"PayPal leads back after {choice}")
        return {"ORDER_ID": parse_qs(urlsplit(leads).query)["token"][0], "ATTEMPT": back.group(1)}

    def pays(self, token, state="paid"):
        back = self.chooses("pay", self.presses_pay(token))
        self.page(state, "finish-checkout", "driver-returns-from-paypal", **back)
        return back

    def reports(self, name, event_type):
        """PayPal's own signed words in the frame that API Gateway gives them."""
        headers, body = wait_for(event_type, self.ears.told(event_type))

        def as_sent(event):
            ours = json.loads(event["body"])["event_type"]
            if ours != event_type:
                raise Failed(f"{name} is of {ours}, and not of {event_type}")
            event["body"] = body

        fill = {at: headers[f"paypal-{at.lower().replace('_', '-')}"]
                for at in ("CERT_URL", "TRANSMISSION_ID", "TRANSMISSION_SIG", "TRANSMISSION_TIME")}
        self.answers(200, "receive-webhook", name, as_sent, **fill)

    def case(self, case_number):
        return self.answers(200, "manage-tickets", "city-reads-ticket", CASE_NUMBER=case_number).json()

    def captures(self):
        return self.at_paypal("GET", "/_standin/books")["captures"]

    def a_driver_pays(self):
        self.token = token = self.issue("KL-WATCH-0001")
        qr = self.answers(200, "issue-tickets", "city-fetches-qr", CASE_NUMBER="KL-WATCH-0001")
        expect(qr.body.startswith("<svg"), "its QR code is a picture")
        self.page("open", "show-ticket", "driver-opens-ticket", TOKEN=token)
        back = self.pays(token)
        self.page("paid", "finish-checkout", "driver-reloads-result", ATTEMPT=back["ATTEMPT"])
        english = self.page("paid", "show-ticket", "driver-opens-ticket-in-english", TOKEN=token)
        expect('lang="en"' in english.body, "and says so in English")
        self.reports("paypal-reports-order-approved", "CHECKOUT.ORDER.APPROVED")
        self.reports("paypal-reports-capture-completed", "PAYMENT.CAPTURE.COMPLETED")
        captures = self.captures()
        expect([it["status"] for it in captures] == ["COMPLETED"], "PayPal has one capture")
        self.capture = captures[0]["id"]
        items = self.items(TABLE, "TICKET#KL-WATCH-0001")
        settled = [it["sk"]["S"] for it in items if it["sk"]["S"].startswith("SETTLEMENT#")]
        expect(settled == [f"SETTLEMENT#{self.capture}"], "the table has it once, and nothing else")
        case = self.case("KL-WATCH-0001")
        expect(case["state"] == "paid", "and the city reads that it is paid")

    def everybody_hears_of_it(self):
        changes = self.answers(200, "manage-tickets", "city-reads-changes", asks_for(limit="1")).json()
        rest = self.answers(200, "manage-tickets", "city-reads-changes", AFTER=changes["next"],
                            LIMIT="10").json()
        heard = [(it["case_number"], it["what"]) for it in changes["changes"] + rest["changes"]]
        expect(heard == [("KL-WATCH-0001", "issued"), ("KL-WATCH-0001", "paid")],
               f"the city reads what has changed: {heard}")
        self.answers(200, "manage-tickets", "vendor-reads-description")
        told = self.invoke("notify-city", "ticket-changes").value
        expect(told["told"] == 2, f"the city's system is told: {told}")
        sent = [wait_for("a change", self.ears.of_us) for _ in range(2)]
        expect(all(headers["webhook-signature"].startswith("v1,") for headers, _ in sent),
               "and hears it signed")
        self.answers(200, "notify-city", "city-reads-subscriber", SUBSCRIBER=SUBSCRIBER)
        self.answers(202, "notify-city", "city-asks-for-redelivery", SUBSCRIBER=SUBSCRIBER,
                     SINCE=moment(hours=1))
        told = self.invoke("notify-city", "minute-passes").value
        expect(told["told"] == 2, f"it is told again: {told}")

    def books_agree(self):
        swept = self.invoke("reconcile-payments", "minute-passes").value
        expect(swept["failed"] == 0, f"the sweep: {swept}")
        night = self.invoke("compare-books", "night-passes").value
        expect(night["ended"]["difference_cents"] == 0, f"the night: {night}")
        # PayPal's books are by the second, and one that is not over is not read.
        paid_in = moment()
        while moment() == paid_in:
            time.sleep(0.05)
        restored = self.invoke("reconcile-payments", "table-is-restored", FROM=moment(hours=2),
                               TO=moment(hours=-1)).value
        one = {"count": 1, "cents": 3000}
        expect((restored["shown"], restored["difference_cents"]) == (one, 0),
               f"PayPal's books against the table: {restored}")

    def a_driver_hesitates(self):
        token = self.issue("KL-WATCH-0002")
        leads = self.presses_pay(token)
        back = self.chooses("cancel", leads)
        self.page("open", "finish-checkout", "driver-cancels", **back)
        self.page("open", "finish-checkout", "driver-returns-without-approving", **back)
        again = self.answers(303, "start-checkout", "driver-tries-again", AMOUNT="30.00",
                             ATTEMPT=back["ATTEMPT"])
        expect(again.header("location") == leads, "whoever tries again goes on with the same order")
        expect(len(self.captures()) == 1, "and nothing was captured")

    def money_goes_back(self):
        """Held back, paid in cash meanwhile, and then it comes after all."""
        case = {"CASE_NUMBER": "KL-WATCH-0003"}
        capture = self.held_back(case["CASE_NUMBER"])
        self.answers(201, "record-payments", "clerk-overrides-pending", AMOUNT="30.00",
                     NUMBER="4711", PAID_AT=moment(), REASON=REASON, **case)
        self.at_paypal("POST", f"/_standin/captures/{capture}/complete")
        self.reports("paypal-reports-capture-completed", "PAYMENT.CAPTURE.COMPLETED")
        listed = self.answers(200, "record-payments", "cash-office-lists-refunds", CLERK="clerk-1",
                              STATE="proposed").json()["refunds"]
        expect([it["id"] for it in listed] == [f"KL-WATCH-0003.{capture}.1"], "surplus proposes itself")
        self.answers(200, "record-payments", "clerk-rejects-refund", CLERK="clerk-1", REASON=REASON,
                     REFUND=listed[0]["id"])
        refund = self.answers(201, "record-payments", "clerk-proposes-refund", CLERK="clerk-1",
                              SETTLEMENT=capture, AMOUNT="12.00", REASON=REASON, **case).json()["id"]
        self.answers(200, "record-payments", "clerk-approves-refund", CLERK="clerk-2", REFUND=refund,
                     REASON=REASON)
        self.invoke("reconcile-payments", "minute-passes")
        books = self.at_paypal("GET", "/_standin/books")
        gone = [(it["capture_id"], it["amount"]["value"], it["status"]) for it in books["refunds"]]
        expect(gone == [(capture, "12.00", "COMPLETED")], f"PayPal has given it back once: {gone}")
        self.reports("paypal-reports-refund", "PAYMENT.CAPTURE.REFUNDED")
        states = {it["id"]: it["refund_state"] for it in self.case(case["CASE_NUMBER"])["refunds"]}
        expect(states[refund] == "completed", f"and the city reads so: {states}")

    def a_payment_is_denied(self):
        capture = self.held_back("KL-WATCH-0004")
        self.at_paypal("POST", f"/_standin/captures/{capture}/deny")
        self.reports("paypal-reports-capture-denied", "PAYMENT.CAPTURE.DENIED")
        expect(self.case("KL-WATCH-0004")["state"] == "open", "what is denied is owed again")

    def a_payment_is_disputed(self):
        self.at_paypal("POST", f"/_standin/captures/{self.capture}/dispute")
        self.reports("paypal-reports-dispute", "CUSTOMER.DISPUTE.CREATED")
        expect(self.case("KL-WATCH-0001")["state"] == "review", "a complaint brings it to review")
        ends = {"CASE_NUMBER": "KL-WATCH-0001", "DECISION": "paid", "REASON": REASON}
        self.answers(202, "manage-tickets", "clerk-ends-review", CLERK="clerk-1", **ends)
        self.answers(200, "manage-tickets", "clerk-ends-review", CLERK="clerk-2", **ends)
        expect(self.case("KL-WATCH-0001")["state"] == "paid", "and two people end it")

    def clerks_decide(self):
        self.answers(200, "issue-tickets", "city-issues-tickets", just_now)
        first, second = "KL-2026-000901", "KL-2026-000902"
        paid = {"AMOUNT": "10.00", "PAID_AT": moment(), "CASE_NUMBER": first}
        self.answers(201, "record-payments", "clerk-takes-cash", NUMBER="4712", **paid)
        self.answers(201, "record-payments", "cash-office-books-transfer", NUMBER="E2E-1", **paid)
        line = {"case_number": first, "channel": "cash", "amount": "10.00", "paid_at": moment(),
                "receipt_number": "4713"}
        booked = self.answers(200, "record-payments", "cash-office-books-list",
                              lambda event: event.update(body=json.dumps(line)))
        expect(booked.json()["status"] == 201, "a line of the list is booked")
        expect(self.case(first)["state"] == "paid", "three parts are the whole")
        listed = self.answers(200, "manage-tickets", "city-lists-tickets",
                              asks_for(state="paid", limit="1")).json()
        rest = self.answers(200, "manage-tickets", "city-lists-tickets", STATE="paid",
                            AFTER=listed["next"], LIMIT="10").json()
        listed = sorted(it["case_number"] for it in listed["tickets"] + rest["tickets"])
        expect(listed == [first, "KL-WATCH-0001", "KL-WATCH-0003"],
               f"the city lists what is paid: {listed}")
        for name, fill in {
            "city-asks-for-lease": {"UNTIL": moment(hours=-1)},
            "clerk-notes-objection": {"REASON": REASON},
            "clerk-changes-amount": {"REASON": REASON, "AMOUNT": "20.00"},
            "clerk-hands-over": {"REASON": REASON},
        }.items():
            case = self.answers(200, "manage-tickets", name, CASE_NUMBER=second, **fill).json()
        expect((case["state"], case["amount"]) == ("handed_over", "20.00"), "what was lowered is handed over")
        self.answers(200, "manage-tickets", "clerk-withdraws-ticket", CASE_NUMBER="KL-WATCH-0004",
                     REASON=REASON)
        expect(self.case("KL-WATCH-0004")["state"] == "withdrawn", "and another case is dropped")

    def held_back(self, case_number):
        """A driver pays, and PayPal keeps the money for now: the capture."""
        token = self.issue(case_number)
        fault = {"on": "capture", "kind": "pending"}
        self.at_paypal("POST", "/_standin/faults", json.dumps(fault))
        self.pays(token, "pending")
        self.reports("paypal-reports-capture-pending", "PAYMENT.CAPTURE.PENDING")
        capture = self.captures()[-1]
        expect(capture["status"] == "PENDING", "PayPal holds the money back")
        return capture["id"]

    def end(self):
        for process in reversed(self.started):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def wait_for(what, ears):
    try:
        return ears.get(timeout=PATIENCE_S)
    except queue.Empty:
        raise Failed(f"nobody tells of {what}") from None


def just_now(event):
    """A fine of today can be paid, whenever this runs."""
    encoded = event["isBase64Encoded"]
    body = base64.b64decode(event["body"]).decode() if encoded else event["body"]
    tickets = [json.loads(line) for line in body.splitlines()]
    body = "\n".join(json.dumps({**ticket, "occurred_at": moment(hours=1)}) for ticket in tickets)
    event["body"] = base64.b64encode(body.encode()).decode() if encoded else body


def asks_for(**query):
    """The first page, after nothing."""

    def change(event):
        event["rawQueryString"] = "&".join(f"{name}={value}" for name, value in query.items())
        event["queryStringParameters"] = query

    return change


def main():
    watched = Watched(sys.argv[1])
    try:
        watched.run()
    except Failed as failed:
        print(f"\nFAILED: {failed}", file=sys.stderr)
        for log in sorted(watched.folder.glob("*.log")):
            print(f"\n-- {log.name}\n{log.read_text()[-4000:]}", file=sys.stderr)
        return 1
    finally:
        watched.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
