// Whoever is told of events.

import { createServer } from "node:http";

/** How long an event may take that was caused before. */
const EVENT_WITHIN_MS = 10_000;

/** Takes the webhooks; answers 200 to each. */
export async function listenForEvents() {
  const events = [];
  const waiting = [];
  const server = createServer((request, answer) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      events.push({ headers: request.headers, body: JSON.parse(Buffer.concat(chunks)) });
      waiting.splice(0).forEach((wake) => wake());
      answer.end();
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/webhook`,
    close: () => server.close(),
    /** The first event of this type, also one that is still to come. */
    first(type) {
      return this.nth(1, type, ({ event_type: it }) => it === type);
    },
    /** What comes as the nth of those that `fits`. */
    async nth(n, name, fits) {
      for (;;) {
        const found = events.filter(({ body }) => fits(body)).at(n - 1);
        if (found) return found;
        await new Promise((resolve, reject) => {
          const late = setTimeout(
            () => reject(new Error(`no ${name} came within ${EVENT_WITHIN_MS} ms`)),
            EVENT_WITHIN_MS,
          );
          waiting.push(() => {
            clearTimeout(late);
            resolve();
          });
        });
      }
    },
  };
}
