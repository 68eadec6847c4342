// A driver in a real browser: from the QR code to the receipt.

import assert from "node:assert/strict";

import { check, conclude, poll } from "./checks.mjs";
import { Driver, launch } from "./driver.mjs";
import { decode } from "./qr.mjs";
import { Stack } from "./stack.mjs";

/** The first ticket of infra/local/sample-tickets.jsonl. */
const SAMPLE = "KL-MUSTER-0001";

const stack = new Stack();
let browser;

/** A check with a browser of its own; what it saw last is kept when it fails. */
function drive(fact, story, options) {
  return check(fact, async () => {
    const driver = await Driver.with(browser, stack, options);
    try {
      await story(driver);
      await driver.nothingElseHappened();
    } catch (error) {
      await driver.screenshot(fact);
      throw error;
    } finally {
      await driver.context.close();
    }
  });
}

async function ordersOf(caseNumber) {
  const { orders } = await stack.lever("GET", "books");
  return orders.filter((order) => order.invoice_id.startsWith(caseNumber)).map(({ id }) => id);
}

/** One capture at PayPal, one settlement in the table. */
async function isPaidOnce(caseNumber) {
  const { captures } = await stack.lever("GET", "books");
  const ids = await ordersOf(caseNumber);
  assert.equal(captures.filter((capture) => ids.includes(capture.order_id)).length, 1);
  const file = await stack.case(caseNumber);
  assert.equal(file.state, "paid");
  assert.equal(file.settlements.length, 1);
}

async function fromTheQrCode() {
  await drive("the QR code leads to a German page, and paying to a receipt", async (driver) => {
    const { page } = driver;
    const png = await stack.ask("GET", `/tickets/${SAMPLE}/qr?format=png`);
    const url = decode(await png.arrayBuffer());
    assert.equal(url, stack.ticket);
    await driver.open(url);
    assert.equal(await driver.state(), "open");
    assert.equal(await page.locator("html").getAttribute("lang"), "de");
    const facts = await driver.facts();
    for (const fact of [
      SAMPLE,
      "KL-XX 000",
      "Musterstraße, Höhe Hausnummer 1",
      "Sie parkten im absoluten Haltverbot (Zeichen 283).",
    ]) {
      assert.ok(facts.includes(fact), `${fact} is not in\n${facts}`);
    }
    const words = await page.locator("main").innerText();
    assert.match(words, /30,00\s€/);
    assert.match(words, /Zahlbar bis \d{1,2}\.\s\p{L}+ \d{4}/u);
    await driver.pressPay();
    assert.equal(await page.locator("[data-field=amount]").innerText(), "30.00 EUR");
    await driver.choose("pay");
    assert.equal(await driver.state(), "paid");
    assert.match(await page.locator("h1").innerText(), /Bezahlt/);
    await isPaidOnce(SAMPLE);
  });
  await drive("reloading, webhooks once more and the sweep change nothing", async (driver) => {
    const { events } = await stack.lever("GET", "books");
    for (const event of events) {
      await stack.lever("POST", `webhooks/redeliver/${event.id}`);
    }
    await poll(
      "the events once more",
      async () => (await stack.lever("GET", "books")).events,
      (again) => again.every((event, i) => i >= events.length || event.accepted > events[i].accepted),
    );
    await stack.reconcile();
    await driver.open(stack.ticket);
    await driver.reload();
    assert.equal(await driver.state(), "paid");
    assert.equal(await driver.page.locator("form").count(), 0);
    await isPaidOnce(SAMPLE);
  });
}

async function inEnglish() {
  const story = async (driver) => {
    const { page } = driver;
    await driver.open(`${await stack.issue("KL-BROWSER-EN")}?lang=en`);
    assert.equal(await page.locator("html").getAttribute("lang"), "en");
    assert.match(await page.locator("main").innerText(), /€30\.00|30\.00\s?€|EUR\s?30\.00/);
    // The legal text stays German.
    assert.ok((await driver.facts()).includes("Sie parkten im absoluten Haltverbot"));
    await driver.pressPay();
    await driver.choose("pay");
    assert.equal(await driver.state(), "paid");
    assert.equal(await page.locator("html").getAttribute("lang"), "en");
    assert.match(await page.locator("h1").innerText(), /Paid/);
    await isPaidOnce("KL-BROWSER-EN");
  };
  await drive("the same in English, with scripts turned off", story, { javaScriptEnabled: false });
}

async function thePayerGoesAstray() {
  await drive("a window closed after approving: paid all the same", async (driver) => {
    const url = await stack.issue("KL-BROWSER-CLOSED");
    await driver.open(url);
    await driver.pressPay();
    await driver.choose("close");
    const file = () => stack.case("KL-BROWSER-CLOSED");
    await poll("the webhook", file, ({ state }) => state === "paid");
    await driver.open(url);
    assert.equal(await driver.state(), "paid");
    await isPaidOnce("KL-BROWSER-CLOSED");
  });
  await drive("the same with webhooks turned off: paid by the sweep", async (driver) => {
    await stack.lever("POST", "faults", { webhooks: "off" });
    const url = await stack.issue("KL-BROWSER-SWEPT");
    await driver.open(url);
    await driver.pressPay();
    await driver.choose("close");
    await stack.reconcile();
    await driver.open(url);
    assert.equal(await driver.state(), "paid");
    await isPaidOnce("KL-BROWSER-SWEPT");
    await stack.lever("DELETE", "faults");
  });
  await drive("a declined payment can be tried again", async (driver) => {
    await driver.open(await stack.issue("KL-BROWSER-DECLINED"));
    await driver.pressPay();
    await driver.choose("decline");
    assert.equal(await driver.attempt(), "declined");
    assert.equal(await driver.state(), "open");
    await driver.pressPay();
    await driver.choose("pay");
    assert.equal(await driver.state(), "paid");
    await isPaidOnce("KL-BROWSER-DECLINED");
  });
  await drive("a cancelled payment charges nothing and leaves the ticket open", async (driver) => {
    const url = await stack.issue("KL-BROWSER-CANCELLED");
    await driver.open(url);
    await driver.pressPay();
    await driver.choose("cancel");
    assert.equal(await driver.attempt(), "cancelled");
    await driver.open(url);
    assert.equal(await driver.state(), "open");
    const { settlements } = await stack.case("KL-BROWSER-CANCELLED");
    assert.deepEqual(settlements, []);
  });
  await drive("two tabs go on with one order: it is captured once", async (driver) => {
    const second = await inTwoTabs(driver, await stack.issue("KL-BROWSER-TABS"), "?lang=de");
    assert.equal((await ordersOf("KL-BROWSER-TABS")).length, 1);
    await payInBoth(driver, second);
    await isPaidOnce("KL-BROWSER-TABS");
  });
  // PayPal's page is in the language of its order.
  await drive("two languages approve two orders: one is captured", async (driver) => {
    const second = await inTwoTabs(driver, await stack.issue("KL-BROWSER-TWICE"), "?lang=en");
    assert.equal((await ordersOf("KL-BROWSER-TWICE")).length, 2);
    await payInBoth(driver, second);
    assert.match(await second.locator("main").innerText(), /already been paid/);
    await isPaidOnce("KL-BROWSER-TWICE");
  });
}

/** The button pressed in a German tab, and in a second one of that language. */
async function inTwoTabs(driver, url, language) {
  const second = await driver.context.newPage();
  await driver.open(url);
  await driver.pressPay();
  await driver.open(`${url}${language}`, second);
  await driver.pressPay(second);
  return second;
}

async function payInBoth(driver, second) {
  await driver.choose("pay");
  await driver.choose("pay", second);
  assert.equal(await driver.state(), "paid");
  assert.equal(await driver.state(second), "paid");
}

async function payPalSaysNothing() {
  await drive("while PayPal is silent both pages say the same, then both say paid", async (driver) => {
    const { page } = driver;
    const url = await stack.issue("KL-BROWSER-SILENT");
    await driver.open(url);
    await driver.pressPay();
    await stack.lever("POST", "faults", { webhooks: "off" });
    const silence = { on: "get_order", kind: "server_error", times: 1_000_000 };
    await stack.lever("POST", "faults", silence);
    await page.locator("#pay").click();
    await page.locator('main[data-state="processing"]').waitFor();
    const said = () => page.locator("main > p").allInnerTexts();
    const onReturn = await said();
    assert.match(onReturn.join(" "), /Seit \d.*\sUhr/);
    assert.match(onReturn.join(" "), /zahlen Sie nicht noch einmal.*Überweisung oder bar/);
    await driver.open(url);
    assert.equal(await driver.state(), "processing");
    assert.deepEqual(await said(), onReturn);
    assert.equal(await page.locator("form").count(), 0);
    const { payment_running, payment_running_since } = await stack.case("KL-BROWSER-SILENT");
    assert.equal(payment_running, true);
    assert.ok(payment_running_since);
    // In another language PayPal's token is still there: a look settles.
    await page.goBack();
    await page.locator("header a[lang=en]").click();
    assert.equal(await driver.state(), "processing");
    await stack.lever("DELETE", "faults");
    await page.locator("main a.look").click();
    await page.locator('main[data-state="paid"]').waitFor();
    assert.match(await page.locator("h1").innerText(), /Paid/);
    await driver.open(url);
    assert.equal(await driver.state(), "paid");
    await isPaidOnce("KL-BROWSER-SILENT");
  });
}

async function aForgedCode() {
  await drive("a forged QR code is told apart and asks for no money", async (driver) => {
    const forged = `${stack.ticket.slice(0, -2)}${stack.ticket.endsWith("AA") ? "BA" : "AA"}`;
    // The one answer that a browser itself complains about: it is a 404.
    const answer = await driver.context.request.get(forged);
    assert.equal(answer.status(), 404);
    const html = await answer.text();
    assert.match(html, /data-state="invalid"/);
    assert.ok(!html.includes("<form"));
  });
}

process.once("SIGINT", () => stack.stop());
process.once("SIGTERM", () => stack.stop());
let code = 1;
try {
  await stack.start();
  browser = await launch();
  await fromTheQrCode();
  await inEnglish();
  await thePayerGoesAstray();
  await payPalSaysNothing();
  await aForgedCode();
  code = conclude();
  if (code !== 0) console.error(stack.log);
} finally {
  await browser?.close();
  stack.stop();
}
process.exit(code);
