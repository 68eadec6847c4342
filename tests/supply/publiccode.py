"""Holds publiccode.yml to its standard, and all that names a licence to one licence.

The schema beside this file is the standard's text; the languages must be those of the
pages' words. What is still to be filled in is printed and is no failure.
"""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[2]
# The English text as SPDX's list of licences has it.
LICENCE = "EUPL-1.2"
LICENCE_SHA256 = "57fb42fbcd0b037ce528ed8f72f1ec095d67bc6825ecf1448ff39be1fe68a4b4"
TO_BE_FILLED_IN = ("TO BE FILLED IN", "to-be-filled-in")


class OnlyText(yaml.SafeLoader):
    """Dates and versions are text in this standard; as numbers they would lose their zeros."""


OnlyText.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag == "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def same(what, found, wanted):
    if found != wanted:
        yield f"{what}: {found}, not {wanted}"


def complaints(publiccode):
    schema = json.loads((Path(__file__).parent / "publiccode.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    errors = list(Draft202012Validator(schema).iter_errors(publiccode))
    for error in errors:
        yield f"publiccode.yml: {error.json_path}: {error.message}"
    if errors:
        return
    languages = sorted(path.stem for path in (ROOT / "functions/shared/page/texts").glob("*.ftl"))
    available = publiccode["localisation"]["availableLanguages"]
    yield from same("publiccode.yml: availableLanguages", sorted(available), languages)
    yield from same("publiccode.yml: description", sorted(publiccode["description"]), languages)


def licences(publiccode):
    yield from same("publiccode.yml", publiccode.get("legal", {}).get("license"), LICENCE)
    text = (ROOT / "LICENSE").read_bytes()
    yield from same("LICENSE", hashlib.sha256(text).hexdigest(), LICENCE_SHA256)
    command = ["cargo", "metadata", "--locked", "--no-deps", "--format-version=1"]
    members = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    if not members["packages"]:
        yield "Cargo names no member"
    for member in members["packages"]:
        manifest = Path(member["manifest_path"]).relative_to(ROOT)
        yield from same(manifest, member["license"], LICENCE)
    for manifest in ("tests/browser/package.json", "tests/contract/standin/package.json"):
        yield from same(manifest, json.loads((ROOT / manifest).read_text("utf-8")).get("license"), LICENCE)


def main():
    text = (ROOT / "publiccode.yml").read_bytes().decode("utf-8")
    publiccode = yaml.load(text, OnlyText)
    wrong = [*complaints(publiccode), *licences(publiccode)]
    for complaint in wrong:
        print(complaint, file=sys.stderr)
    for number, line in enumerate(text.splitlines(), 1):
        if any(mark in line for mark in TO_BE_FILLED_IN) and not line.lstrip().startswith("#"):
            print(f"publiccode.yml:{number}: to be filled in before it is published")
    return bool(wrong)


sys.exit(main())
