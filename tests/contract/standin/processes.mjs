// The stand-in and PayPal's specifications as proxies before it, each on a free
// loopback port.

import { spawn, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, "..", "..", "..");
const SPECS = join(HERE, "..", "paypal", "openapi");
const START_WITHIN_MS = 120_000;

const children = [];

/** A port that was free a moment ago. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Starts a program and waits until its output says that it is ready. */
function start(command, args, readyWhen) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  return new Promise((resolve, reject) => {
    let output = "";
    const late = setTimeout(
      () => reject(new Error(`${command} ${args.join(" ")} did not get ready:\n${output}`)),
      START_WITHIN_MS,
    );
    const listen = (chunk) => {
      output += chunk;
      const ready = readyWhen.exec(output);
      if (ready) {
        clearTimeout(late);
        resolve(ready);
      }
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    child.once("exit", (code) => {
      clearTimeout(late);
      reject(new Error(`${command} ended with ${code}:\n${output}`));
    });
  });
}

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => {
    stopAll();
    process.exit(1);
  });
}

/** Ends everything that was started here. */
export function stopAll() {
  for (const child of children) {
    child.kill();
  }
}

/** The stand-in's binary: STANDIN_BIN, or what Cargo builds now. */
function binary() {
  if (process.env.STANDIN_BIN) {
    return process.env.STANDIN_BIN;
  }
  const build = spawnSync(
    "cargo",
    ["build", "--package", "paypal-standin", "--bins", "--message-format", "json"],
    { cwd: ROOT, encoding: "utf8", maxBuffer: 1 << 28, stdio: ["ignore", "pipe", "inherit"] },
  );
  const made = (build.stdout ?? "")
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line))
    .filter((message) => message.executable && message.target.name === "paypal-standin");
  if (build.status !== 0 || made.length === 0) {
    throw new Error("cargo build --package paypal-standin failed");
  }
  return made[made.length - 1].executable;
}

/** Starts the stand-in; gives its origin. */
export async function startStandin(webhookUrl) {
  const ready = await start(
    binary(),
    ["--port", "0", "--webhook-url", webhookUrl],
    /ready paypal=(http:\/\/127\.0\.0\.1:\d+)/,
  );
  return ready[1];
}

/**
 * Starts a proxy that holds every request and answer to one specification.
 *
 * Patterns that JavaScript does not compile under the flag `u` are dropped:
 * with one of them in, the validator gives up on the whole body without a word.
 */
export async function startProxy(name, origin, folder) {
  const spec = JSON.parse(readFileSync(join(SPECS, `${name}.json`), "utf8"));
  const dropped = dropBrokenPatterns(spec);
  // It forbids the dashes that ids of events have: none could be asked for by its id.
  delete spec.components.parameters?.event_id?.schema.pattern;
  const cleaned = join(folder, `${name}.json`);
  writeFileSync(cleaned, JSON.stringify(spec));
  const port = await freePort();
  const prism = join(HERE, "node_modules", ".bin", "prism");
  await start(
    prism,
    ["proxy", cleaned, origin, "--port", String(port), "--host", "127.0.0.1", "--errors"],
    /Prism is listening/,
  );
  return { origin: `http://127.0.0.1:${port}`, dropped };
}

function dropBrokenPatterns(node) {
  if (node === null || typeof node !== "object") {
    return 0;
  }
  let dropped = 0;
  if (typeof node.pattern === "string") {
    try {
      new RegExp(node.pattern, "u");
    } catch {
      delete node.pattern;
      dropped += 1;
    }
  }
  for (const child of Object.values(node)) {
    dropped += dropBrokenPatterns(child);
  }
  return dropped;
}
