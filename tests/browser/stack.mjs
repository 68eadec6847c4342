// The whole stack on this machine, as `cargo run` starts it.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const START_WITHIN_MS = 60_000;
const PORTS = ["public", "office", "paypal", "dynamodb"].flatMap((what) => [`--${what}-port`, "0"]);

/** LOCAL_BIN, or what `cargo build` makes. */
function binary() {
  const path = process.env.LOCAL_BIN ?? join(ROOT, "target", "debug", "local");
  if (!existsSync(path)) {
    throw new Error(`${path} is not built: run cargo build, or tests/run`);
  }
  return path;
}

/** Reads `ready public=… office=… paypal=… dynamodb=… ticket=… office_token=…`. */
function read(line) {
  const words = line.split(" ").slice(1);
  return Object.fromEntries(
    words.map((word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]),
  );
}

export class Stack {
  #child;
  #log = "";

  /** Starts it on free ports and waits until it is ready. */
  async start() {
    this.#child = spawn(binary(), PORTS, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child.stderr.on("data", (chunk) => (this.#log += chunk));
    const line = await new Promise((resolve, reject) => {
      let output = "";
      const failed = (why) => reject(new Error(`the stack ${why}\n${output}${this.#log}`));
      const late = setTimeout(() => failed("did not get ready"), START_WITHIN_MS);
      this.#child.once("exit", (code) => failed(`ended with ${code}`));
      this.#child.stdout.on("data", (chunk) => {
        output += chunk;
        const ready = /^ready .*$/m.exec(output);
        // Only a whole line: the token at its end comes last.
        if (ready && output.indexOf("\n", ready.index) > 0) {
          clearTimeout(late);
          resolve(ready[0]);
        }
      });
    });
    Object.assign(this, read(line));
    return this;
  }

  /** Ends it. */
  stop() {
    this.#child?.kill();
  }

  /** What it has logged. */
  get log() {
    return this.#log;
  }

  /** Asks the office API. */
  async ask(method, path, body) {
    const answer = await fetch(`${this.office}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.office_token}`,
        ...(body && { "content-type": "application/json" }),
      },
      body: body && JSON.stringify(body),
    });
    if (!answer.ok) {
      throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    }
    return answer;
  }

  /** Issues a ticket over 30 euros; gives the address in its QR code. */
  async issue(caseNumber) {
    const ticket = {
      plate: "KL-XX 000",
      offence: { number: "112454", text: "Sie parkten im absoluten Haltverbot (Zeichen 283)." },
      place: "Musterstraße, Höhe Hausnummer 1",
      occurred_at: new Date(Date.now() - 3_600_000).toISOString(),
      amount: "30.00",
    };
    const answer = await this.ask("PUT", `/tickets/${caseNumber}`, ticket);
    return (await answer.json()).url;
  }

  /** How the city sees the case. */
  async case(caseNumber) {
    return (await this.ask("GET", `/tickets/${caseNumber}`)).json();
  }

  /** Sweeps all open attempts now. */
  async reconcile() {
    await this.ask("POST", "/_local/reconcile");
  }

  /** Pulls a lever of the stand-in for PayPal. */
  async lever(method, lever, body) {
    const answer = await fetch(`${this.paypal}/_standin/${lever}`, {
      method,
      headers: body && { "content-type": "application/json" },
      body: body && JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${lever}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }
}
