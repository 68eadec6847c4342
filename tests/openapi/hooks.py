"""What schemathesis cannot know of the office API: JSON lines, and which cases there are.

The description says of JSON lines what one line is (`contentSchema`); here a body of
them is a list of such, so that schemathesis writes and reads each line.
"""

import json
import zlib
from datetime import datetime, timedelta, timezone

import schemathesis

NDJSON = "application/x-ndjson"

# The sample tickets that `cargo run` issues: one in every state that lasts. Half of all
# requests are about one of them; any other number leads to nothing but a 404.
CASES = [f"KL-MUSTER-{number:04}" for number in range(1, 13)]


def of_lines(media):
    line = media["schema"].pop("contentSchema")
    media["schema"] = {"type": "array", "items": line, "minItems": 1}
    media["example"] = [json.loads(line) for line in media["example"].splitlines()]


@schemathesis.hook
def before_load_schema(context, raw_schema):
    for path in raw_schema["paths"].values():
        for operation in path.values():
            contents = [answer.get("content", {}) for answer in operation["responses"].values()]
            contents.append(operation.get("requestBody", {}).get("content", {}))
            for content in contents:
                if NDJSON in content:
                    of_lines(content[NDJSON])


@schemathesis.serializer(NDJSON)
def write_lines(ctx, value):
    lines = value if isinstance(value, list) else [value]
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


@schemathesis.deserializer(NDJSON)
def read_lines(ctx, response):
    return [json.loads(line) for line in response.content.decode().splitlines()]


def chosen(given):
    """The same for the same, and no matter in which order requests come."""
    number = zlib.crc32(str(given).encode())
    return CASES[number // 2 % len(CASES)] if number % 2 else given


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    if path_parameters and "case_number" in path_parameters:
        path_parameters["case_number"] = chosen(path_parameters["case_number"])
    return path_parameters


# Moments must lie near now. Half of those that are well written are moved there.
NEAR = {
    "until": timedelta(days=1),
    "paid_at": -timedelta(hours=1),
    "occurred_at": -timedelta(days=1),
    "since": -timedelta(days=1),
}


def near(field, given):
    try:
        datetime.strptime(given, "%Y-%m-%dT%H:%M:%S%z")
    except (TypeError, ValueError):
        return given
    moved = datetime.now(timezone.utc) + NEAR[field]
    return moved.strftime("%Y-%m-%dT%H:%M:%SZ") if zlib.crc32(given.encode()) % 2 else given


@schemathesis.hook
def map_body(context, body):
    for thing in body if isinstance(body, list) else [body]:
        if isinstance(thing, dict):
            for field in NEAR.keys() & thing.keys():
                thing[field] = near(field, thing[field])
    return body
