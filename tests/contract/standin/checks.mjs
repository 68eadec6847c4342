// Counts what held and what did not; nothing here knows PayPal.

let passed = 0;
const failures = [];

/** Runs one check; its name is the fact it shows. */
export async function check(fact, run) {
  try {
    await run();
    passed += 1;
  } catch (error) {
    failures.push(fact);
    console.error(`FAILED ${fact}\n  ${String(error?.stack ?? error).replaceAll("\n", "\n  ")}`);
  }
}

/** The last line, and the exit code that goes with it. */
export function conclude() {
  // No check at all is no success.
  const ok = failures.length === 0 && passed > 0;
  console.log(`${passed} passed, ${failures.length} failed`);
  return ok ? 0 : 1;
}
