"""Deploys into a mock of AWS by the runbook, as somebody would who has never seen it.

Every fenced `bash` block of infra/runbook.md is run as it is written, in the order of the
file, in one shell that lives on. Before and after the blocks of a heading the world around
is made what the runbook takes for granted, and the deployed stack is asked what it promises.
What the mock cannot do stands in aws.py, in NOT_RUN and in WRONG_HERE, with its reason.

Usage: rehearse.py FOLDER-OF-BINARIES
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode, urljoin

from blocks import ROOT, RUNBOOK, Failed, Shell, indented, sections
from rights import Rights
from surroundings import ISSUER, CityLogin, NamesAndTls, ask, free_port, unbase64url

HERE = Path(__file__).resolve().parent
STACK = "knoellchen-sandbox"
PUBLIC_HOST = "pay-sandbox.example.de"
OFFICE_HOST = "pay-office-sandbox.example.de"
WEBHOOK_URL = f"https://{PUBLIC_HOST}/paypal/webhook"
# The mock's root; made up, and of no account.
ADMINISTRATOR = {"AWS_ACCESS_KEY_ID": "rehearsal", "AWS_SECRET_ACCESS_KEY": "rehearsal"}
PAYPAL_APP = {"client_id": "standin-client", "client_secret": "standin-secret"}

# Blocks that are not run, by how they begin, and why.
NOT_RUN = {
    "aws backup update-region-settings": "the mock has no settings of AWS Backup",
}
# What `ops doctor` must find wrong here, and nothing else, and why.
WRONG_HERE = {
    "pages": "no DNS of this machine knows the city's host",
    "the city's login": "nor that of its login",
}
# It takes the stack away, so it comes last.
LAST = "The first deployment failed"


def expect(is_so, what):
    if not is_so:
        raise Failed(what)
    print(f"   seen: {what}")


# --- the rehearsal -------------------------------------------------------------------


class Rehearsal:
    def __init__(self, binaries):
        self.folder = Path(tempfile.mkdtemp(prefix="rehearsal-"))
        self.started = []
        self.binaries = Path(binaries).resolve()
        self.blocks = 0

    def start(self, command, ready, environment=None):
        """A process of ours, once this line of it has come; ended by its own id."""
        log = self.folder / f"{Path(command[-1]).stem}-{len(self.started)}.log"
        with log.open("w") as out:
            process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT,
                                       env=environment, start_new_session=True)
        self.started.append(process)
        while ready not in log.read_text():
            if process.poll() is not None:
                raise Failed(f"{command[0]} has ended:\n{indented(log.read_text())}")
            time.sleep(0.1)
        return log

    def set_up(self):
        self.login = CityLogin(self.folder)
        mock_port, paypal_port = free_port(), free_port()
        self.public = NamesAndTls(PUBLIC_HOST, mock_port)
        self.office = NamesAndTls(OFFICE_HOST, mock_port)
        self.paypal = f"http://127.0.0.1:{paypal_port}"
        self.start([str(self.binaries / "paypal-standin"), "--port", str(paypal_port),
                    "--merchant-id", "AAAAAAAAAAAAA"], "ready")
        environment = {
            **os.environ,
            "GATEWAY_PORT": str(mock_port),
            "MINISTACK_REGION": "eu-central-1",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "TMPDIR": str(self.folder),
            **ADMINISTRATOR,
            "REHEARSAL_PAYPAL": self.paypal,
            "REHEARSAL_JWKS": str(self.login.jwks),
            "REHEARSAL_ISSUER": ISSUER,
        }
        self.mock_log = self.start([sys.executable, str(HERE / "aws.py")], "Ready", environment)
        self.aws_url = f"http://127.0.0.1:{mock_port}"
        # A checkout of its own: what the runbook leaves behind is nobody else's.
        work = self.folder / "checkout"
        work.mkdir()
        for name in ("Cargo.toml", "Cargo.lock", "functions", "template.yaml", "tests",
                     "events", ".cargo", "clippy.toml", "rust-toolchain.toml"):
            if (ROOT / name).exists():
                (work / name).symlink_to(ROOT / name)
        (work / "infra").mkdir()
        for file in (ROOT / "infra").iterdir():
            if file.name != "samconfig.toml":
                (work / "infra" / file.name).symlink_to(file)
        shutil.copy(ROOT / "infra/samconfig.toml", work / "infra/samconfig.toml")
        shutil.copy(ROOT / "infra/local/kaiserslautern.json", work / "city.json")
        # What whoever is asked types, by the name that it is read into.
        self.types = {"CLIENT_ID": PAYPAL_APP["client_id"],
                      "CLIENT_SECRET": PAYPAL_APP["client_secret"],
                      "NEXT_CLIENT_SECRET": "another-secret",
                      "OFFICE_TOKEN": self.login.token("tickets:issue tickets:manage")}
        # `cargo run` takes what is built already.
        cargo = self.folder / "bin" / "cargo"
        cargo.parent.mkdir()
        cargo.write_text(f"""#!/bin/sh
while [ "$1" != -- ]; do [ $# -gt 0 ] || exit 2; shift; done
shift
exec {self.binaries}/ops "$@"
""")
        cargo.chmod(0o755)
        self.work = work
        self.environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": self.aws_url,
            **ADMINISTRATOR,
            "PAYPAL_BASE_URL": self.paypal,
            "SAM_CLI_TELEMETRY": "0",
            "AWS_PAGER": "",
            "PATH": f"{cargo.parent}:{os.environ['PATH']}",
            # `sam build` takes what is built already.
            "BUILT": str(self.binaries),
        }
        self.shell = Shell(self.environment, work)

    def run(self):
        self.set_up()
        before = {
            "The first deployment": self.before_first_deployment,
            "Step 4: the new table": self.before_restoring,
            "Step 6: PayPal's books": self.before_the_books,
            "Step 8: locks that came back": self.before_releasing_locks,
            "key-in-danger": self.before_the_key_is_saved,
            "Suspicious notices": self.before_suspicious_notices,
            "A wrong import": self.before_a_wrong_import,
            "Registering the webhook anew": self.before_the_webhook_anew,
            "Changing PayPal's client secret": self.before_the_client_secret,
            LAST: self.before_taking_it_away,
        }
        after = {
            "The first deployment": self.after_first_deployment,
            "Changing the key of the QR codes": self.after_changing_the_key,
            "A leaked signing key": self.after_retiring_a_key,
            "Closing captures": self.after_closing_captures,
            "Step 4: the new table": self.after_restoring,
            "Step 6: PayPal's books": self.after_the_books,
            "Step 8: locks that came back": self.after_releasing_locks,
            "key-in-danger": self.after_the_key_is_saved,
            "The region is down": self.after_keeping_the_keys,
            "Suspicious notices": self.after_suspicious_notices,
            "A wrong import": self.after_a_wrong_import,
            "An angry driver": self.after_an_angry_driver,
            "Registering the webhook anew": self.after_the_webhook_anew,
            "Changing PayPal's client secret": self.after_the_client_secret,
            "A system of the city's does not hear": self.after_the_subscribers,
            LAST: self.after_taking_it_away,
        }
        skipped = dict(NOT_RUN)
        in_order = sorted(sections(), key=lambda section: section[0] == LAST)
        for heading, blocks in in_order:
            print(f"\n== {heading}")
            if prepare := before.pop(heading, None):
                prepare()
            for block in blocks:
                print(indented(block), flush=True)
                begins = next((it for it in skipped if block.startswith(it)), None)
                if begins:
                    print(f"   not run: {skipped.pop(begins)}")
                    continue
                asked = re.findall(r"(?<!while )\bread -\w+ (?:\"[^\"]*\" )?(\w+)", block)
                typed = [self.types[name] for name in asked]
                self.block, self.said = block, self.shell.run(self.as_here(block), typed)
                print(indented(self.said), flush=True)
                self.blocks += 1
                for begins, then in self.by_hand().items():
                    if block.startswith(begins):
                        then()
            if check := after.pop(heading, None):
                check()
        if skipped:
            raise Failed(f"the runbook has no such blocks any more: {', '.join(skipped)}")
        if before or after:
            raise Failed(f"the runbook has no section {', '.join({**before, **after})}")
        print(f"\n{self.blocks} blocks of the runbook run, {len(NOT_RUN)} not; "
              f"{self.counted} resources created")

    def as_here(self, block):
        """Names that only a real DNS knows, as they are reached here."""
        # Between deployment and first ticket the city's login and names come to be.
        block = block.replace(" issue ", f" --office {self.office.url} issue ")
        block = block.replace("$(out OfficeUrl)", self.office.url)
        # The first version of `aws` asks SQS at an address of its own.
        block = block.replace("aws sqs ", f"aws --endpoint-url {self.aws_url} sqs ")
        here = f'"{self.public.url}${{CODE#https://{PUBLIC_HOST}}}"'
        block = block.replace('--show-error "$CODE"', f"--show-error {here}")
        # It ends with 1, since here something is wrong.
        return "ops doctor || true" if block == "ops doctor" else block

    def by_hand(self):
        """What somebody does, or sees, after blocks that begin so."""
        return {
            "ops doctor": self.doctor,
            "for CERTIFICATE in $PUBLIC": self.writes_certificates,
            "for CERTIFICATE in ${PUBLIC": self.certificates_are_written,
            "(umask 077; aws ssm": self.writes_subscribers,
            '{\n    read -rp "the address in the code': self.codes_are_told_apart,
            '{ read -rp "the case number on the notice': self.notice_is_compared,
            "(\n    OFFICE_URL=": self.import_is_seen,
            "CHANGE=amount": self.import_is_changed,
        }

    def writes_certificates(self):
        """As the runbook says: into infra/samconfig.toml."""
        expect(self.said.count('"CNAME"') == 2,
               "each certificate names the record that the city's DNS gets")
        config = self.work / "infra" / "samconfig.toml"
        text = config.read_text()
        made_up = re.findall(r"CertificateArn=([^\"]+)", text)
        arns = self.shell.run("echo $PUBLIC_CERTIFICATE $OFFICE_CERTIFICATE").split()
        for old, arn in zip(made_up, arns, strict=False):
            text = text.replace(old, arn, 1)
        config.write_text(text)

    def certificates_are_written(self):
        expect(not self.said.strip(), "both are issued, and infra/samconfig.toml has all of them")

    def doctor(self):
        wrong = re.findall(r"^WRONG  ([^:]+):", self.said, re.M)
        expect(sorted(wrong) == sorted(WRONG_HERE),
               f"the doctor finds {', '.join(WRONG_HERE)} wrong here, and nothing else ({wrong})")

    # --- what each section promises ---------------------------------------------------

    def aws(self, *arguments):
        return json.loads(self.shell.run(f"aws {' '.join(arguments)} --output json").strip() or "null")

    def told(self, function):
        name = self.shell.run(f"phys {function}").strip()
        answer = self.aws("lambda get-function-configuration --qualifier live --function-name", name)
        return answer["Environment"]["Variables"]

    def before_first_deployment(self):
        # The app is new: PayPal tells nobody.
        for webhook in self.dashboard("GET", "/webhooks")["webhooks"]:
            self.dashboard("DELETE", f"/webhooks/{webhook['id']}")

    def after_first_deployment(self):
        # The stand-in signs with a root of its own.
        anchors = ask(f"{self.paypal}/_standin/anchors")[2]
        (self.work / "anchors.pem").write_text(anchors)
        self.shell.run("ops --yes secrets put paypal/webhook-anchors < anchors.pem; ops --yes apply")
        ticket = json.loads((self.work / "ticket.json").read_text())
        expect(ticket["url"].startswith(f"https://{PUBLIC_HOST}/t/"),
               "a ticket is issued, and its code names the city's host")
        self.pays(ticket["url"], "KL-TEST-0001")
        self.first_ticket = ticket

    def ask_public(self, url, *rest, **more):
        return ask(url.replace(f"https://{PUBLIC_HOST}", self.public.url), *rest, **more)

    def page(self, url):
        status, headers, text = self.ask_public(url)
        state = re.search(r'<main data-state="([a-z-]+)"', text)
        return status, headers, state and state.group(1), text

    def approves(self, url, case_number):
        status, _, state, text = self.page(url)
        expect((status, state) == (200, "open"), f"{case_number}: its page shows it open")
        action, fields = re.search(r'<form method="post" action="([^"]+)"(.*?)</form>', text,
                                   re.S).groups()
        fields = re.findall(r'name="([^"]+)" value="([^"]*)"', fields)
        status, headers, _ = self.ask_public(urljoin(url, action), "POST", urlencode(fields),
                                             content_type="application/x-www-form-urlencoded")
        leads = headers.get("location", "")
        expect(status == 303 and leads.startswith(self.paypal),
               f"{case_number}: the button leads to PayPal ({status} {leads})")
        status, headers, _ = ask(leads, "POST", "choice=pay",
                                 content_type="application/x-www-form-urlencoded")
        return headers["location"]

    def pays(self, url, case_number):
        back = self.approves(url, case_number)
        expect(back.startswith(f"https://{PUBLIC_HOST}/r/"), f"{case_number}: PayPal leads back")
        status, _, state, _ = self.page(back)
        expect((status, state) == (200, "paid"), f"{case_number}: it is paid, and the page says so")

    def after_changing_the_key(self):
        keys = json.loads(self.told("ShowTicket")["TOKEN_KEYS"])["keys"]
        expect(len(keys) == 2, "both keys are known to the page")
        _, _, state, _ = self.page(self.first_ticket["url"])
        expect(state == "paid", "what was printed with the old key still opens its page")
        ticket = self.issue("KL-TEST-0002")
        kid = json.loads(unbase64url(ticket["url"].rsplit("/", 1)[1].split(".")[0]))["kid"]
        expect(kid == keys[1]["kid"], "what is printed now is signed with the new key")
        _, _, state, _ = self.page(ticket["url"])
        expect(state == "open", "and opens its page")
        self.second_ticket = ticket

    def after_retiring_a_key(self):
        old = self.first_ticket["url"]
        _, _, state, _ = self.page(old)
        expect(state == "invalid", "what was printed with the retired key opens no page")
        body = (self.work / "first-ticket.json").read_bytes()
        status, _, text = ask(f"{self.office.url}/tickets/KL-TEST-0001", "PUT", body,
                              self.login.token("tickets:issue"), "application/json")
        printed = json.loads(text)
        _, _, state, _ = self.page(printed["url"])
        expect((status, state) == (200, "paid"), "what is sent again is printed with the new one")
        _, _, text = ask(f"{self.office.url}/tickets/KL-TEST-0001",
                         token=self.login.token("tickets:manage"))
        expect(json.loads(text)["issued"]["url"] == old, "the case goes on showing the first code")

    def issue(self, case_number):
        body = json.loads((self.work / "first-ticket.json").read_text())
        del body["case_number"]
        status, _, text = ask(f"{self.office.url}/tickets/{case_number}", "PUT", json.dumps(body),
                              self.login.token("tickets:issue"), "application/json")
        expect(status == 201, f"{case_number} is issued")
        return json.loads(text)

    def after_closing_captures(self):
        expect(self.told("StartCheckout")["CAPTURES"] == "closed",
               "the version that is called has closed captures")
        _, _, state, text = self.page(self.second_ticket["url"])
        expect(state == "open" and "<form" not in text, "no page has a button")
        # What SAM itself would do: a deployment of the same again.
        self.shell.run("sam deploy --config-file infra/samconfig.toml --config-env $STAGE")
        expect(self.told("StartCheckout")["CAPTURES"] == "closed",
               "a deployment leaves captures closed")
        self.shell.run("ops --yes set captures open; ops --yes apply")
        expect(self.told("StartCheckout")["CAPTURES"] == "open", "and they are opened again")
        self.pays(self.second_ticket["url"], "KL-TEST-0002")

    # --- a restore

    def before_restoring(self):
        self.third_ticket = self.issue("KL-TEST-0003")
        # The mock has no yesterday but one that somebody has kept.
        self.aws(f"dynamodb create-backup --table-name {STACK}-table --backup-name then")
        self.shell.run("AT=$(date -u +%Y-%m-%dT%H:%M:%SZ)")
        time.sleep(1)
        self.pays(self.third_ticket["url"], "KL-TEST-0003")
        # Step 1 of the table.
        self.shell.run("ops --yes set captures closed; ops --yes apply")

    def after_restoring(self):
        restored = self.shell.run("echo $NEW").strip()
        functions = ("ShowTicket", "ReconcilePayments", "IssueTickets")
        tables = {self.told(function)["TABLE_NAME"] for function in functions}
        expect(tables == {restored}, f"the functions use {restored}")
        _, _, state, text = self.page(self.third_ticket["url"])
        expect(state == "open" and "<form" not in text,
               "what was paid since the restore point is open again, and has no button")
        table = self.aws(f"dynamodb describe-table --table-name {restored}")["Table"]
        own = self.aws(f"dynamodb describe-table --table-name {STACK}-table")["Table"]
        for what in ("KeySchema", "AttributeDefinitions", "DeletionProtectionEnabled"):
            expect(table[what] == own[what], f"the new table has the {what} of the old one")
        shapes = [[{key: index[key] for key in ("IndexName", "KeySchema", "Projection")}
                   for index in it["GlobalSecondaryIndexes"]] for it in (table, own)]
        expect(shapes[0] == shapes[1], "and its indexes")

    def before_the_books(self):
        # Nobody waits three hours here.
        status, _, text = ask(f"{self.paypal}/_standin/faults", "POST", '{"report_lag_s":0}')
        expect(status == 200, f"PayPal's books show everything at once {text if status != 200 else ''}")

    def after_the_books(self):
        expect("the books agree" in self.said and "found  1" in self.said,
               "what the table had forgotten is booked out of PayPal's books")
        _, _, state, _ = self.page(self.third_ticket["url"])
        expect(state == "paid", "KL-TEST-0003 is paid again, and nobody has paid twice")
        captures = json.loads(ask(f"{self.paypal}/_standin/books")[2])["captures"]
        expect(len(captures) == 3, "PayPal has captured each of three tickets once")

    def before_releasing_locks(self):
        self.fourth_ticket = self.issue("KL-TEST-0004")
        attempt, table = "a" * 26, self.shell.run("echo $NEW").strip()
        lock = {":lock": {"M": {"attempt": {"S": attempt}, "since": {"S": "2026-01-01T00:00:00Z"},
                                "until": {"S": "2026-01-01T00:01:00Z"}}}}
        key = {"pk": {"S": "TICKET#KL-TEST-0004"}, "sk": {"S": "TICKET"}}
        self.aws(f"dynamodb update-item --table-name {table} --key '{json.dumps(key)}'",
                 "--update-expression 'SET #lock = :lock'",
                 "--expression-attribute-names '{\"#lock\":\"lock\"}'",
                 f"--expression-attribute-values '{json.dumps(lock)}'")
        listed = self.shell.run("ops locks")
        expect("KL-TEST-0004" in listed, "a lock came back that nobody holds")

    def after_releasing_locks(self):
        expect("no ticket is locked" in self.said, "no lock is left")
        # Step 12 of the table.
        self.shell.run("ops --yes set captures open; ops --yes apply")
        self.pays(self.fourth_ticket["url"], "KL-TEST-0004")

    # --- other bad days

    def key_state(self, *call):
        arn = self.aws(f"ssm get-parameter --name /{STACK}/key-arn")["Parameter"]["Value"]
        if call:
            self.aws("kms", *call, "--key-id", arn)
        return self.aws(f"kms describe-key --key-id {arn}")["KeyMetadata"]["KeyState"]

    def before_the_key_is_saved(self):
        state = self.key_state("schedule-key-deletion", "--pending-window-in-days 7")
        expect(state == "PendingDeletion", "somebody has planned to delete the key")

    def after_the_key_is_saved(self):
        expect(self.key_state() == "Enabled", "the key stays, and may be used")

    def after_keeping_the_keys(self):
        kept = json.loads((self.work / "token-keys.json").read_text())["keys"]
        told = json.loads(self.told("ShowTicket")["TOKEN_KEYS"])["keys"]
        expect(kept == told, "the public keys are kept")

    def before_suspicious_notices(self):
        self.noticed = self.issue("KL-TEST-0008")
        self.types.update(CODE=self.noticed["url"], CASE="KL-TEST-0008")

    def codes_are_told_apart(self):
        expect('data-state="open"' in self.said, "a code of ours opens its page")
        for code, said in (
            (self.noticed["url"].replace(".de/", ".de.example.com/"), "NOT OUR HOST"),
            (self.noticed["url"] + "A", 'data-state="invalid"'),
        ):
            told = self.shell.run(self.as_here(self.block), [code])
            expect(said in told, f"a false code is told: {said}")

    def notice_is_compared(self):
        expect(all(f'"{self.noticed[it]}"' in self.said for it in ("url", "check_word")),
               "address and word of the case are those of its notice")

    def after_suspicious_notices(self):
        found = re.findall(r": (\d+)$", self.said, re.M)
        expect(len(found) == 2 and int(found[0]) > 0, f"what is not ours is counted ({found})")

    def before_a_wrong_import(self):
        self.pays(self.issue("KL-TEST-0009")["url"], "KL-TEST-0009")
        (self.work / "wrong.txt").write_text("KL-TEST-0008\nKL-TEST-0009\nKL-TEST-0099\n")
        token = self.login.token("tickets:manage refunds:propose")
        self.shell.run(f"OFFICE_TOKEN={token}")
        self.types.update(CASE="KL-TEST-0009", AMOUNT="5.00")

    def import_is_seen(self):
        lines = self.said.split("\n")
        expect('"state":"open" "amount":"30.00" "owed":"30.00"' in lines[0]
               and '"state":"paid" "amount":"30.00"' in lines[1] and '"detail"' in lines[2],
               "each case is told as it stands")

    def import_is_changed(self):
        lines = self.said.split("\n")
        expect('"state":"open"' in lines[0] and '"detail"' in lines[1] and '"detail"' in lines[2],
               "what is open is changed, and of the others it is said why not")
        _, _, _, text = self.page(self.noticed["url"])
        expect("25,00" in text, "the page asks for the new amount")

    def after_a_wrong_import(self):
        refund = json.loads(self.said.strip().splitlines()[-1])
        expect((refund["refund_state"], refund["gives_back"]) == ("proposed", "fine"),
               "what was paid too much is proposed to go back")
        path = f"{self.office.url}/refunds/{refund['id']}/approval"
        for who, expected in (("clerk", 409), ("colleague", 200)):
            token = self.login.token("refunds:approve", sub=who)
            status, _, _ = ask(path, "POST", '{"reason":"Falscher Betrag"}', token)
            expect(status == expected, f"{who} approves it: {status}")

    def after_an_angry_driver(self):
        case = json.loads(self.said)
        lines = [line["what"] for line in case["journal"]]
        expect(lines[:2] == ["issued", "paid"] and "refund_approved" in lines,
               f"the journal of the case tells it all ({', '.join(lines)})")

    # --- what PayPal is told

    def dashboard(self, method, path, body=None):
        """Asks PayPal as whoever has the app's credentials."""
        secret = PAYPAL_APP["client_secret"]
        command = ["curl", "--silent", "--fail-with-body", "-X", method,
                   "-H", f"Authorization: Bearer {self.token(secret)}",
                   "-H", "Content-Type: application/json", "-d", json.dumps(body),
                   f"{self.paypal}/v1/notifications{path}"]
        answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return json.loads(answer) if answer else None

    def token(self, secret):
        command = ["curl", "--silent", "--fail-with-body", "-u", f"{PAYPAL_APP['client_id']}:{secret}",
                   "-d", "grant_type=client_credentials", f"{self.paypal}/v1/oauth2/token"]
        answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return json.loads(answer)["access_token"]

    def hears(self, case_number):
        """Nobody comes back from PayPal: its webhook alone tells of the payment."""
        ticket = self.issue(case_number)
        ours = [it for it in self.dashboard("GET", "/webhooks")["webhooks"]
                if it["url"] == WEBHOOK_URL]
        expect(len(ours) == 1, "PayPal has one webhook with our address")
        path = f"/webhooks/{ours[0]['id']}"

        def leads(url):
            self.dashboard("PATCH", path, [{"op": "replace", "path": "/url", "value": url}])

        # The city's DNS.
        leads(f"{self.public.url}/paypal/webhook")
        self.approves(ticket["url"], case_number)
        # PayPal delivers in its own time; it is over when it was taken, or not.
        while True:
            events = json.loads(ask(f"{self.paypal}/_standin/books")[2])["events"]
            event = [it for it in events if it["event_type"] == "CHECKOUT.ORDER.APPROVED"][-1]
            if event["accepted"] or event["deliveries"] > 1:
                break
        leads(WEBHOOK_URL)
        expect(event["accepted"] == 1, "PayPal's event of the approval was taken")
        _, _, state, _ = self.page(ticket["url"])
        expect(state == "paid", f"{case_number} is paid, though nobody came back")

    def before_the_webhook_anew(self):
        self.hears("KL-TEST-0005")
        for webhook in self.dashboard("GET", "/webhooks")["webhooks"]:
            self.dashboard("DELETE", f"/webhooks/{webhook['id']}")

    def after_the_webhook_anew(self):
        ids = self.told("ReceiveWebhook")["PAYPAL_WEBHOOK_ID"].split()
        expect(len(ids) == 2, "the functions take what is signed for the old one and the new one")
        self.hears("KL-TEST-0006")

    def before_the_client_secret(self):
        self.change_secret("stays_valid")

    def change_secret(self, old):
        body = json.dumps({"client_secret": "another-secret", "old_secret": old})
        status, _, _ = ask(f"{self.paypal}/_standin/credentials", "POST", body)
        expect(status == 200, f"PayPal has another secret, and the old one {old}")

    def after_the_client_secret(self):
        self.change_secret("is_gone")
        status, _, _ = ask(f"{self.paypal}/_standin/tokens/revoke", "POST")
        expect(status == 200, "and no token of before is taken")
        ticket = self.issue("KL-TEST-0007")
        self.pays(ticket["url"], "KL-TEST-0007")

    def writes_subscribers(self):
        file = self.work / "subscribers.json"
        expect(json.loads(file.read_text()) == [], "the list of now says that nobody is told")
        expect(file.stat().st_mode & 0o077 == 0, "and nobody else can read it")
        made_up = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        subscriber = {"id": "cash-office", "url": "https://books.example.de/", "secrets": [made_up]}
        file.write_text(json.dumps([subscriber]))

    def after_the_subscribers(self):
        status, _, text = ask(f"{self.office.url}/subscribers/cash-office",
                              token=self.login.token("changes:read"))
        expect(status == 200 and json.loads(text)["host"] == "books.example.de",
               f"the city's system is known ({status} {text})")

    # --- and at the end

    def before_taking_it_away(self):
        self.alarms_have_pages()
        self.resources()
        Rights(self).hold()
        self.is_not_taken_away()
        self.fails_at_its_first_try()

    def is_not_taken_away(self):
        """Whoever takes the wrong section for his stack, which has tickets."""
        for block in dict(sections())[LAST]:
            said = self.shell.run(block)
        expect(not said.strip(), "a stack that is there is not taken away")
        table = self.aws(f"dynamodb describe-table --table-name {STACK}-table")["Table"]
        expect(table["DeletionProtectionEnabled"], "nor its table, which stays protected")

    def fails_at_its_first_try(self):
        """All of the stack goes but a vault, which is in the way of the next one."""
        config = "--config-file infra/samconfig.toml --config-env $STAGE"
        self.shell.run(f"""
aws dynamodb update-table --table-name {STACK}-table --no-deletion-protection-enabled
aws cloudformation delete-stack --stack-name {STACK}
aws cloudformation wait stack-delete-complete --stack-name {STACK}
aws dynamodb delete-table --table-name {STACK}-table
aws logs delete-log-group --log-group-name /knoellchen/{STACK}/access/office
aws backup create-backup-vault --backup-vault-name {STACK} || true
sam deploy {config} || true""")
        stack = self.aws(f"cloudformation describe-stacks --stack-name {STACK}")["Stacks"][0]
        expect(stack["StackStatus"] == "ROLLBACK_FAILED",
               f"a first try that has failed cannot go by itself ({stack['StackStatus']})")

    def after_taking_it_away(self):
        answer = self.aws("cloudformation list-stacks")
        # The mock forgets a nested stack that could not be made.
        gone = ("DELETE_COMPLETE", "CREATE_FAILED")
        left = [it["StackName"] for it in answer["StackSummaries"]
                if it["StackStatus"] not in gone and it["StackName"].startswith(STACK)]
        expect(left == [f"{STACK}-key"], f"the stack is gone, and its key is not ({left})")
        self.shell.run("sam deploy --config-file infra/samconfig.toml --config-env $STAGE")
        expect(self.told("StartCheckout")["CAPTURES"] == "open", "and it can be made again")

    def resources(self):
        print("\n== the resources")
        names = [STACK, f"{STACK}-key"]
        counted = 0
        while names:
            name = names.pop(0)
            answer = self.aws("cloudformation describe-stack-resources --stack-name", name)
            for it in sorted(answer["StackResources"], key=lambda it: it["LogicalResourceId"]):
                print(f"   {it['ResourceType']:45} {it['LogicalResourceId']}")
                counted += 1
                if it["ResourceType"] == "AWS::CloudFormation::Stack":
                    names.append(it["PhysicalResourceId"])
        self.counted = counted

    def alarms_have_pages(self):
        headings = re.findall(r"^#+ (.+)$", RUNBOOK.read_text(), re.M)
        answer = self.aws("cloudwatch describe-alarms")
        alarms = [it for it in answer["MetricAlarms"] if it["AlarmName"].startswith(STACK)]
        for alarm in alarms:
            said = re.search(r"infra/runbook\.md#([a-z0-9-]+)", alarm.get("AlarmDescription", ""))
            if not said or said.group(1) not in headings:
                raise Failed(f"whoever is woken by {alarm['AlarmName']} finds no page")
        expect(len(alarms) > 30, f"each of {len(alarms)} alarms has its page in the runbook")

    def says_why(self):
        """What CloudFormation has to say, where an update has failed."""
        if not hasattr(self, "shell"):
            return
        failed = "StackEvents[?contains(ResourceStatus,'FAILED')].[LogicalResourceId,ResourceStatusReason]"
        answer = subprocess.run(
            ["aws", "cloudformation", "describe-stack-events", "--stack-name", STACK,
             "--query", failed, "--output", "text"],
            env=self.environment, capture_output=True, text=True, check=False)
        print(indented(answer.stdout), file=sys.stderr)

    def end(self):
        if hasattr(self, "shell"):
            self.shell.end()
        for process in self.started:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def main():
    rehearsal = Rehearsal(sys.argv[1])
    try:
        rehearsal.run()
    except Failed as failed:
        print(f"\nFAILED: {failed}", file=sys.stderr)
        rehearsal.says_why()
        if os.environ.get("REHEARSAL_LOG"):
            shutil.copy(rehearsal.mock_log, os.environ["REHEARSAL_LOG"])
        return 1
    finally:
        rehearsal.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
