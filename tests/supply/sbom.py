"""Writes what is linked into each function, as CycloneDX 1.6: FUNCTION.cdx.json.

    tests/supply/sbom.py FOLDER

Cargo is asked for the crates of all functions at once, for Lambda's machines, since one
Cargo builds them so (infra/Makefile). Macros and build scripts are left out: nothing of
them is linked. The checksums are those of Cargo.lock. The same sources give the same
bytes where SOURCE_DATE_EPOCH is set.

Fails where the list is none: it does not follow CycloneDX's schema, lacks a crate that
the function's manifest names, or has one that is not deployed.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
import uuid
from datetime import datetime, timezone
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

ROOT = Path(__file__).resolve().parents[2]
TARGET = "aarch64-unknown-linux-gnu"
SCHEMA = SchemaVersion.V1_6
# Names under which the same list has the same serial number.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:knoellchen:sbom")

# Depth, then name, version and where it is, then the licence; " (*)" where the crates
# below it are listed further up.
LINE = re.compile(r"(\d+)\t(\S+) v(\S+)(?: \((.*)\))?\t(.*)\t(?: \(\*\))?")


def cargo(*arguments):
    command = ["cargo", *arguments, "--locked"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: failed")
    return done.stdout


def linked(functions):
    """The crates by (name, version): (is ours, licence); and what each one uses."""
    packages = [f"--package={function}" for function in functions]
    tree = cargo(
        "tree", f"--target={TARGET}", "--edges=normal,no-proc-macro", "--prefix=depth",
        "--format=\t{p}\t{l}\t", *packages,
    )
    crates, uses, path = {}, {}, []
    for line in filter(None, tree.splitlines()):
        match = LINE.fullmatch(line)
        if not match:
            sys.exit(f"cargo tree says what nobody understands: {line!r}")
        depth, name, version, place, licence = match.groups()
        crate = (name, version)
        # Older manifests write MIT/Apache-2.0.
        crates[crate] = (place is not None, re.sub(r"\s*/\s*", " OR ", licence))
        uses.setdefault(crate, set())
        del path[int(depth):]
        if path:
            uses[path[-1]].add(crate)
        path.append(crate)
    return crates, uses


def checksums():
    with open(ROOT / "Cargo.lock", "rb") as lock:
        packages = tomllib.load(lock)["package"]
    return {(p["name"], p["version"]): p["checksum"] for p in packages if "checksum" in p}


def below(crate, uses):
    found, open_ends = set(), [crate]
    while open_ends:
        for used in uses[open_ends.pop()] - found:
            found.add(used)
            open_ends.append(used)
    return found


def component(crate, about, checksum, kind):
    name, version = crate
    is_ours, licence = about
    return Component(
        type=kind,
        name=name,
        version=version,
        bom_ref=f"{name}@{version}",
        licenses=[LicenseFactory().make_from_string(licence)],
        # The registry has crates of the same names as ours, and they are others.
        purl=None if is_ours else PackageURL("cargo", name=name, version=version),
        hashes=[] if is_ours else [HashType(alg=HashAlgorithm.SHA_256, content=checksum)],
    )


def bill(function, crates, uses, sums):
    whole = sorted(below(function, uses))
    bom = Bom(serial_number=uuid.uuid5(NAMESPACE, repr([function, *whole])))
    if "SOURCE_DATE_EPOCH" in os.environ:
        seconds = int(os.environ["SOURCE_DATE_EPOCH"])
        bom.metadata.timestamp = datetime.fromtimestamp(seconds, timezone.utc)
    parts = {crate: component(crate, crates[crate], sums.get(crate), ComponentType.LIBRARY) for crate in whole}
    parts[function] = component(function, crates[function], None, ComponentType.APPLICATION)
    bom.metadata.component = parts[function]
    bom.components = [parts[crate] for crate in whole]
    for crate, part in parts.items():
        bom.register_dependency(part, [parts[used] for used in uses[crate]])
    return make_outputter(bom, OutputFormat.JSON, SCHEMA).output_as_string(indent=2)


def complaints(function, text, named, deployed):
    error = JsonStrictValidator(SCHEMA).validate_str(text)
    if error is not None:
        yield f"not CycloneDX {SCHEMA.to_version()}: {error}"
    bom = json.loads(text)
    if bom["metadata"]["component"]["name"] != function:
        yield f"it is about {bom['metadata']['component']['name']}"
    components = {part["name"]: part for part in bom["components"]}
    for name in sorted(named - components.keys()):
        yield f"{name} is in its manifest, and not in the list"
    for name, part in sorted(components.items()):
        if "purl" not in part and name not in deployed:
            yield f"{name} is ours and not deployed"
        if "purl" in part and not part.get("hashes"):
            yield f"{name} has no checksum"


def main():
    folder = Path(sys.argv[1])
    members = json.loads(cargo("metadata", "--no-deps", "--format-version=1"))["packages"]
    deployed, named = set(), {}
    for member in members:
        place = Path(member["manifest_path"]).parent
        if not place.is_relative_to(ROOT / "functions"):
            continue
        deployed.add(member["name"])
        if (place / "src/main.rs").exists():
            named[member["name"]] = {
                used["name"] for used in member["dependencies"] if used["kind"] is None and not used["optional"]
            }
    if not named:
        sys.exit("no function is in the workspace")
    crates, uses = linked(sorted(named))
    sums = checksums()
    folder.mkdir(parents=True, exist_ok=True)
    failed = False
    for function in sorted(crate for crate in crates if crate[0] in named):
        text = bill(function, crates, uses, sums)
        (folder / f"{function[0]}.cdx.json").write_text(text + "\n")
        wrong = list(complaints(function[0], text, named.pop(function[0]), deployed))
        for complaint in wrong:
            print(f"{function[0]}: {complaint}", file=sys.stderr)
        failed |= bool(wrong)
        print(f"{function[0]}: {len(below(function, uses))} crates")
    for function in sorted(named):
        print(f"{function}: Cargo does not list it", file=sys.stderr)
    return failed or bool(named)


sys.exit(main())
