"""Deploys into a mock of AWS by the runbook, as somebody would who has never seen it.

Every fenced `bash` block of infra/runbook.md is run as it is written, in the order of the
file, in one shell that lives on. After the blocks of a section the deployed stack is asked
what the section promises. What the mock cannot do stands in aws.py and in NOT_RUN, each
with its reason.

Usage: rehearse.py FOLDER-OF-BINARIES
"""

import base64
import http.client
import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlencode, urljoin

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RUNBOOK = ROOT / "infra" / "runbook.md"
STACK = "knoellchen-sandbox"
PUBLIC_HOST = "pay-sandbox.example.de"
OFFICE_HOST = "pay-office-sandbox.example.de"
ISSUER, AUDIENCE = "https://login.example.de/realms/city", "knoellchen-sandbox"
# The mock's root; made up, and of no account.
ADMINISTRATOR = {"AWS_ACCESS_KEY_ID": "rehearsal", "AWS_SECRET_ACCESS_KEY": "rehearsal"}
ENDED = "-- the block has ended --"

# Blocks that are not run, by how they begin, and why.
NOT_RUN = {
    "aws backup update-region-settings": "the mock has no settings of AWS Backup",
    "NEW=$STACK-restored": "a restore copies what is there: the mock has no yesterday",
    "aws dynamodb update-continuous-backups --table-name $NEW": "follows the restore",
    "FROM=$(date": "follows the restore",
    "TABLE=$(out TableName)": "follows the restore",
}
# It takes the stack away, so it comes last.
LAST = "The first deployment failed"


class Failed(Exception):
    """What somebody at the runbook would have stumbled over."""


# --- the runbook -----------------------------------------------------------------


def sections():
    """Each heading with its `bash` blocks, in the order of the file."""
    found, heading, block = [("", [])], "", None
    for line in RUNBOOK.read_text().splitlines():
        if block is not None:
            if line == "```":
                found[-1][1].append("\n".join(block))
                block = None
            else:
                block.append(line)
        elif line == "```bash":
            block = []
        elif line.startswith("#"):
            heading = line.lstrip("#").strip()
            found.append((heading, []))
    return [(heading, blocks) for heading, blocks in found if blocks]


class Shell:
    """One bash that lives on from block to block, as a person's does."""

    def __init__(self, environment, folder):
        self.process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, bufsize=1, cwd=folder, env=environment, start_new_session=True,
        )
        self.run("set -euo pipefail")

    def run(self, block):
        """What it printed; a command that fails ends the shell, and with it all."""
        self.process.stdin.write(f"{block}\nprintf '\\n%s\\n' '{ENDED}'\n")
        self.process.stdin.flush()
        printed = []
        for line in self.process.stdout:
            if line.rstrip("\n") == ENDED:
                return "".join(printed)
            printed.append(line)
        raise Failed(f"this block failed:\n{indented(block)}\nand said:\n{indented(''.join(printed))}")

    def end(self):
        os.killpg(self.process.pid, signal.SIGTERM)


def indented(text):
    return "\n".join("    " + line for line in text.strip().splitlines()[-40:])


# --- what surrounds the stack ------------------------------------------------------


def free_port():
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return it.getsockname()[1]


class CityLogin:
    """The city's OpenID Connect login: a key, and tokens signed with it."""

    def __init__(self, folder):
        from cryptography.hazmat.primitives.asymmetric import rsa

        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = self.key.public_key().public_numbers()

        def number(value):
            return base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))

        jwk = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "rehearsal",
               "n": number(public.n), "e": number(public.e)}
        self.jwks = folder / "jwks.json"
        self.jwks.write_text(json.dumps({"keys": [jwk]}))

    def token(self, scope, **changed):
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        now = int(time.time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "clerk", "scope": scope,
                  "iat": now, "exp": now + 3600, **changed}
        parts = [{"alg": "RS256", "kid": "rehearsal"}, claims]
        signed = ".".join(base64url(json.dumps(part).encode()) for part in parts)
        signature = self.key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{base64url(signature)}"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class NamesAndTls:
    """The city's DNS and certificates: a port of this machine for each of its hosts."""

    def __init__(self, host, mock_port):
        class Forward(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def forward(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                headers = {name: value for name, value in self.headers.items()
                           if name.lower() not in ("host", "connection", "content-length")}
                headers["Host"] = host
                there = http.client.HTTPConnection("127.0.0.1", mock_port, timeout=60)
                there.request(self.command, self.path, body, headers)
                answer = there.getresponse()
                content = answer.read()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = forward

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Forward)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def ask(url, method="GET", body=None, token=None, content_type=None):
    """Status, headers and text of one request; redirects are not followed."""
    scheme, rest = url.split("://", 1)
    authority, _, path = rest.partition("/")
    headers = {}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if content_type:
        headers["Content-Type"] = content_type
    connection = http.client.HTTPConnection(authority, timeout=60)
    connection.request(method, f"/{path}", body, headers)
    answer = connection.getresponse()
    return answer.status, dict((k.lower(), v) for k, v in answer.getheaders()), answer.read().decode()


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
                    "--webhook-url", f"{self.public.url}/paypal/webhook",
                    "--webhook-id", "8PT597110X687430LKGECATA",
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
        for name in ("Cargo.toml", "Cargo.lock", "functions", "infra", "template.yaml", "tests",
                     "events", ".cargo", "clippy.toml", "rust-toolchain.toml"):
            if (ROOT / name).exists():
                (work / name).symlink_to(ROOT / name)
        shutil.copy(ROOT / "infra/local/kaiserslautern.json", work / "city.json")
        credentials = {"client_id": "standin-client", "client_secret": "standin-secret"}
        (work / "paypal-credentials.json").write_text(json.dumps(credentials))
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
        self.shell = Shell({
            **os.environ,
            "AWS_ENDPOINT_URL": self.aws_url,
            **ADMINISTRATOR,
            "SAM_CLI_TELEMETRY": "0",
            "AWS_PAGER": "",
            "PATH": f"{cargo.parent}:{os.environ['PATH']}",
            # `sam build` takes what is built already.
            "BUILT": str(self.binaries),
            "OFFICE_TOKEN": self.login.token("tickets:issue"),
        }, work)

    def run(self):
        self.set_up()
        checks = {
            "The first deployment": self.after_first_deployment,
            "Changing the key of the QR codes": self.after_changing_the_key,
            "Closing captures": self.after_closing_captures,
            LAST: self.after_taking_it_away,
        }
        skipped = dict(NOT_RUN)
        in_order = sorted(sections(), key=lambda section: section[0] == LAST)
        for heading, blocks in in_order:
            if heading == LAST:
                self.alarms_have_pages()
                self.resources()
            print(f"\n== {heading}")
            for block in blocks:
                print(indented(block), flush=True)
                begins = next((it for it in skipped if block.startswith(it)), None)
                if begins:
                    print(f"   not run: {skipped.pop(begins)}")
                    continue
                print(indented(self.shell.run(self.as_here(block))), flush=True)
                self.blocks += 1
            if check := checks.pop(heading, None):
                check()
        if skipped:
            raise Failed(f"the runbook has no such blocks any more: {', '.join(skipped)}")
        if checks:
            raise Failed(f"the runbook has no section {', '.join(checks)}")
        print(f"\n{self.blocks} blocks of the runbook run, {len(NOT_RUN)} not; "
              f"{self.counted} resources created")

    def as_here(self, block):
        """Names that only a real DNS knows, as they are reached here."""
        if "$(out OfficeUrl)" in block:
            # Between deployment and first ticket the city's login and names come to be.
            block = block.replace("$(out OfficeUrl)", self.office.url)
        return block

    # --- what each section promises ---------------------------------------------------

    def aws(self, *arguments):
        return json.loads(self.shell.run(f"aws {' '.join(arguments)} --output json") or "null")

    def told(self, function):
        name = self.shell.run(f"phys {function}").strip()
        answer = self.aws("lambda get-function-configuration --qualifier live --function-name", name)
        return answer["Environment"]["Variables"]

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

    def pays(self, url, case_number):
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
        back = headers["location"]
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

    def issue(self, case_number):
        body = json.loads(re.search(r"-d '(\{.*?\})'", self.block_of_first_ticket(), re.S).group(1)
                          .replace("'$(date -u +%Y-%m-%dT%H:%M:%SZ)'",
                                   time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())))
        status, _, text = ask(f"{self.office.url}/tickets/{case_number}", "PUT", json.dumps(body),
                              self.login.token("tickets:issue"), "application/json")
        expect(status == 201, f"{case_number} is issued")
        return json.loads(text)

    def block_of_first_ticket(self):
        return next(block for _, blocks in sections() for block in blocks if "OFFICE_TOKEN" in block)

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

    def after_taking_it_away(self):
        answer = self.aws("cloudformation list-stacks")
        left = [it["StackName"] for it in answer["StackSummaries"]
                if it["StackStatus"] != "DELETE_COMPLETE" and it["StackName"].startswith(STACK)]
        expect(left == [f"{STACK}-key"], "the stack is gone, and its key is not")
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

    def end(self):
        if hasattr(self, "shell"):
            self.shell.end()
        for process in self.started:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def unbase64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def main():
    rehearsal = Rehearsal(sys.argv[1])
    try:
        rehearsal.run()
    except Failed as failed:
        print(f"\nFAILED: {failed}", file=sys.stderr)
        if os.environ.get("REHEARSAL_LOG"):
            shutil.copy(rehearsal.mock_log, os.environ["REHEARSAL_LOG"])
        return 1
    finally:
        rehearsal.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
