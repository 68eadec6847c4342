"""The runbook's fenced `bash` blocks, and the shell they are run in."""

import os
import signal
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
RUNBOOK = ROOT / "infra" / "runbook.md"
ENDED = "-- the block has ended --"


class Failed(Exception):
    """What somebody at the runbook would have stumbled over."""


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

    def run(self, block, typed=()):
        """What it printed; a command that fails ends the shell, and with it all. What is
        typed comes after the block, as it does at a terminal."""
        lines = [block, *typed, f"printf '\\n%s\\n' '{ENDED}'"]
        self.process.stdin.write("".join(f"{line}\n" for line in lines))
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
