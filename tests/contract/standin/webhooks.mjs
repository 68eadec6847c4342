// Webhooks and their events, managed by PayPal's own calls.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { check } from "./checks.mjs";
import { listenForEvents } from "./listener.mjs";

const PAYPAL = join(dirname(fileURLToPath(import.meta.url)), "..", "paypal");
const WEBHOOKS = "/v1/notifications/webhooks";
const EVENTS = "/v1/notifications/webhooks-events";
const ELSEWHERE = "https://pay.example.de/paypal/webhook";

const types = (...names) => names.map((name) => ({ name }));
const replaced = (path, value) => ({ op: "replace", path, value });

async function registrationHolds(merchant, call) {
  await check("a webhook is registered, shown, listed, changed and deleted", async () => {
    const body = { url: ELSEWHERE, event_types: types("PAYMENT.CAPTURE.COMPLETED") };
    const made = await call(201, "POST", WEBHOOKS, body);
    assert.match(made.id, /^[0-9A-Z]{17}$/);
    const own = `${WEBHOOKS}/${made.id}`;
    assert.deepEqual(await call(200, "GET", own), made);
    const { webhooks } = await call(200, "GET", WEBHOOKS);
    assert.equal(webhooks.length, 2);
    assert.deepEqual(webhooks[1], made);
    const changed = await call(200, "PATCH", own, [
      replaced("/url", `${ELSEWHERE}/2`),
      replaced("/event_types", types("*")),
    ]);
    assert.equal(changed.url, `${ELSEWHERE}/2`);
    assert.equal(changed.event_types[0].name, "*");
    assert.equal(await call(204, "DELETE", own), undefined);
    await call(404, "GET", own);
  });
  await check("the refusals of a webhook hold", async () => {
    const refused = async (status, name, ...request) => {
      assert.equal((await call(status, ...request)).name, name);
    };
    const all = { url: ELSEWHERE, event_types: types("*") };
    const { id } = await call(201, "POST", WEBHOOKS, all);
    const own = `${WEBHOOKS}/${id}`;
    await refused(400, "WEBHOOK_URL_ALREADY_EXISTS", "POST", WEBHOOKS, all);
    const second = { ...all, url: `${ELSEWHERE}/2` };
    const none = { ...second, event_types: [] };
    await refused(400, "VALIDATION_ERROR", "POST", WEBHOOKS, none);
    const unheardOf = { ...second, event_types: types("PAYMENT.CAPTURE.LOST") };
    await refused(400, "VALIDATION_ERROR", "POST", WEBHOOKS, unheardOf);
    const same = [replaced("/url", ELSEWHERE)];
    await refused(400, "WEBHOOK_PATCH_REQUEST_NO_CHANGE", "PATCH", own, same);
    const removed = [{ op: "remove", path: "/url" }];
    await refused(400, "VALIDATION_ERROR", "PATCH", own, removed);
    const more = [];
    for (let number = 3; number <= 10; number += 1) {
      const webhook = { ...all, url: `${ELSEWHERE}/${number}` };
      more.push((await call(201, "POST", WEBHOOKS, webhook)).id);
    }
    await refused(400, "WEBHOOK_NUMBER_LIMIT_EXCEEDED", "POST", WEBHOOKS, second);
    for (const each of [id, ...more]) await call(204, "DELETE", `${WEBHOOKS}/${each}`);
    await refused(404, "INVALID_RESOURCE_ID", "DELETE", own);
  });
  await check("a bad token is refused as by OAuth, which this document does not foresee", async () => {
    const headers = { authorization: "Bearer nobody" };
    const { body } = await merchant.raw("notifications", "GET", WEBHOOKS, { headers });
    assert.deepEqual(
      body.validation.map(({ code, message }) => [code, /'(.+)'/.exec(message)[1]]),
      ["name", "message", "debug_id"].map((field) => ["required", field]),
    );
  });
}

async function eventsHold(merchant, call, events) {
  await check("ids of events break PayPal's own document, as its real ones do", async () => {
    const read = (path) => JSON.parse(readFileSync(join(PAYPAL, path), "utf8"));
    const { parameters } = read("openapi/notifications_webhooks_v1.json").components;
    const { events: real } = read("samples/66_webhooks_events_list_200.json");
    const pattern = new RegExp(parameters.event_id.schema.pattern, "u");
    // If it is mended there, `processes.mjs` need not leave it out.
    assert.doesNotMatch(real[0].id, pattern);
  });
  await check("a second webhook is told too, and of one event again", async () => {
    const second = await listenForEvents();
    const body = { url: second.url, event_types: types("PAYMENT.CAPTURE.COMPLETED") };
    const { id: webhook } = await call(201, "POST", WEBHOOKS, body);
    const { capture } = await merchant.paid("W-1");
    const isOurs = ({ resource }) => resource.id === capture;
    const atFirst = await events.nth(1, "capture at the first webhook", isOurs);
    const atSecond = await second.nth(1, "capture at the second webhook", isOurs);
    assert.deepEqual(atFirst.body, atSecond.body);
    const signature = "paypal-transmission-sig";
    assert.notEqual(atFirst.headers[signature], atSecond.headers[signature]);

    const found = await call(200, "GET", `${EVENTS}?transaction_id=${capture}`);
    assert.deepEqual([found.count, found.events], [1, [atFirst.body]]);
    const own = `${EVENTS}/${atFirst.body.id}`;
    assert.deepEqual(await call(200, "GET", own), atFirst.body);
    const again = await call(202, "POST", `${own}/resend`, { webhook_ids: [webhook] });
    assert.deepEqual(again, atFirst.body);
    await second.nth(2, "capture again at the second webhook", isOurs);
    await call(202, "POST", `${own}/resend`, {});
    await events.nth(2, "capture again at the first webhook", isOurs);
    await call(204, "DELETE", `${WEBHOOKS}/${webhook}`);
    second.close();
  });
  await check("events are listed page by page", async () => {
    const start = new Date(Date.now() - 86_400_000).toISOString();
    const query = `start_time=${start}&event_type=PAYMENT.CAPTURE.COMPLETED&page_size=2`;
    const page = await call(200, "GET", `${EVENTS}?${query}`);
    assert.equal(page.count, 2);
    const next = new URL(page.links.find(({ rel }) => rel === "next").href);
    const further = await call(200, "GET", `${next.pathname}${next.search}`);
    assert.equal(further.count, 2);
    const all = [...page.events, ...further.events];
    assert.equal(new Set(all.map(({ id }) => id)).size, 4);
    const times = all.map(({ create_time: time }) => time);
    assert.deepEqual(times, times.toSorted().reverse());
  });
  await check("what cannot be listed or sent again is answered in shape", async () => {
    for (const query of ["page_size=0", "start_time=yesterday"]) {
      const refused = await call(400, "GET", `${EVENTS}?${query}`);
      assert.equal(refused.name, "VALIDATION_ERROR");
    }
    const unknown = `${EVENTS}/WH-2WR32451HC0233532-67976317FL4543714`;
    await call(404, "GET", unknown);
    const refused = await call(404, "POST", `${unknown}/resend`, {});
    assert.equal(refused.name, "INVALID_RESOURCE_ID");
  });
}

/** The calls that manage webhooks, and those that ask for events again. */
export async function webhooksHold(merchant, events) {
  const call = (status, method, path, body) =>
    merchant.call(status, "notifications", method, path, { body });
  await registrationHolds(merchant, call);
  await eventsHold(merchant, call, events);
}
