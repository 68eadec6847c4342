"""What show-ticket does, in Python with boto3: verify the token, read the ticket, show it.

As lean as it can be: no framework, its connection opened at INIT.
"""

import base64
import hashlib
import html
import http.client
import json
import os
import re
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import boto3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

LETTERS = "CDFHJKLMNPRTVWX"
MONTHS = ["Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September",
          "Oktober", "November", "Dezember"]
KEPT_S = 5 * 60
ROOT = Path(__file__).resolve().parents[3]
BERLIN = ZoneInfo("Europe/Berlin")

STYLE = (ROOT / "functions/shared/page/templates/style.css").read_text()
PARTS = re.split(r"\{\{(\w+)\}\}", (ROOT / "tests/load/page.html").read_text())
TABLE = os.environ["TABLE_NAME"]


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


KEYS = {jwk["kid"]: Ed25519PublicKey.from_public_bytes(decode(jwk["x"]))
        for jwk in json.loads(os.environ["TOKEN_KEYS"])["keys"]}
client = boto3.client("dynamodb")
kept = None


def case_number(token):
    header, claims, signature = token.split(".")
    read = json.loads(decode(header))
    if read["alg"] != "EdDSA":
        raise ValueError("not a validly signed token")
    KEYS[read["kid"]].verify(decode(signature), f"{header}.{claims}".encode())
    return json.loads(decode(claims))["sub"]


def check_word(token):
    rest = int.from_bytes(hashlib.sha256(token.encode()).digest()[:8], "big")
    word = ""
    for _ in range(5):
        rest, letter = divmod(rest, len(LETTERS))
        word += LETTERS[letter]
    return word


def read(pk, sk, consistent):
    key = {"pk": {"S": pk}, "sk": {"S": sk}}
    return client.get_item(TableName=TABLE, Key=key, ConsistentRead=consistent)["Item"]


def municipality():
    global kept
    if kept is None or time.monotonic() - kept[0] > KEPT_S:
        item = read(f"MUNICIPALITY#{os.environ['MUNICIPALITY']}", "CONFIGURATION", False)
        kept = (time.monotonic(), item["configuration"]["M"])
    return kept[1]


def day(moment):
    return f"{moment.day}. {MONTHS[moment.month - 1]} {moment.year}"


def show(event):
    token = event["pathParameters"]["token"]
    city = municipality()
    ticket = read(f"TICKET#{case_number(token)}", "TICKET", True)
    occurred_at = datetime.fromisoformat(ticket["occurred_at"]["S"][:19] + "+00:00").astimezone(BERLIN)
    euro = "%d.%02d" % divmod(int(ticket["amount"]["N"]), 100)
    iban = city["iban"]["S"]
    words = {
        "token": token,
        "check_word": check_word(token),
        "case_number": ticket["case_number"]["S"],
        "plate": ticket["plate"]["S"],
        "offence": f"{ticket['offence']['M']['text']['S']} ({ticket['offence']['M']['number']['S']})",
        "place": ticket["place"]["S"],
        "occurred_at": f"{day(occurred_at)}, {occurred_at:%H:%M} Uhr",
        "due_on": day(datetime.fromisoformat(ticket["due_on"]["S"])),
        "amount": euro.replace(".", ","),
        "amount_sent": euro,
        "city": city["name"]["S"],
        "account_holder": city["account_holder"]["S"],
        "iban": " ".join(iban[at:at + 4] for at in range(0, len(iban), 4)),
        "bic": city["bic"]["S"],
        "cash_office": city["cash_office"]["M"]["address"]["S"],
        "hours": city["cash_office"]["M"]["hours"]["M"]["de"]["S"],
    }
    body = "".join(
        part if at % 2 == 0 else STYLE if part == "style" else html.escape(words[part])
        for at, part in enumerate(PARTS))
    print(json.dumps({"message": "a ticket was shown", "case_number": words["case_number"]}), flush=True)
    headers = {"content-type": "text/html; charset=utf-8", "cache-control": "no-store"}
    return {"statusCode": 200, "headers": headers, "body": body, "isBase64Encoded": False}


def main():
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    invocation = "/2018-06-01/runtime/invocation"

    def call(method, path, body=None):
        api.request(method, path, body)
        answer = api.getresponse()
        return answer.headers, answer.read()

    municipality()
    while True:
        headers, body = call("GET", f"{invocation}/next")
        request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        try:
            answer = json.dumps(show(json.loads(body)))
            call("POST", f"{invocation}/{request_id}/response", answer)
        except Exception as error:  # noqa: BLE001
            told = json.dumps({"errorMessage": repr(error)})
            call("POST", f"{invocation}/{request_id}/error", told)


main()
