// Counts what held and what did not.

let passed = 0;
const failures = [];

/** Runs one check; its name is the fact it shows. */
export async function check(fact, run) {
  try {
    await run();
    passed += 1;
    console.log(`ok      ${fact}`);
  } catch (error) {
    failures.push(fact);
    console.error(`FAILED  ${fact}\n  ${String(error?.stack ?? error).replaceAll("\n", "\n  ")}`);
  }
}

/** The last line, and the exit code that goes with it. */
export function conclude() {
  // No check at all is no success.
  const ok = failures.length === 0 && passed > 0;
  console.log(`${passed} passed, ${failures.length} failed`);
  return ok ? 0 : 1;
}

/** How long something may take that nobody tells us the end of. */
const POLL_LIMIT_MS = 20_000;
const POLL_PAUSE_MS = 100;

/** Asks again and again until the answer is wanted, and gives it. */
export async function poll(what, ask, isWanted) {
  const end = Date.now() + POLL_LIMIT_MS;
  for (;;) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    if (Date.now() > end) {
      throw new Error(`${what}: not within ${POLL_LIMIT_MS} ms; last seen: ${JSON.stringify(answer)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_PAUSE_MS));
  }
}
