// A driver's browser, and a witness of all it does.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { chromium } from "playwright-core";

const SCREENSHOTS = join(dirname(fileURLToPath(import.meta.url)), "screenshots");

/** One TCP window, so that a page comes in one round trip. */
const PAGE_BYTES_MAX = 14_000;

/** Debian's Chromium, which must not talk to anybody on its own account. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export class Driver {
  #stack;
  #seen = [];
  #bodies = [];
  #weighed = 0;

  /** A browser that has never been here. */
  static async with(browser, stack, options = {}) {
    const driver = new Driver();
    driver.#stack = stack;
    driver.context = await browser.newContext({ locale: "de-DE", ...options });
    driver.context.on("request", (request) => driver.#seen.push(`request ${request.url()}`));
    driver.context.on("response", (response) => driver.#bodies.push(driver.#weigh(response)));
    driver.context.on("console", (message) => {
      // What the stand-in's page lacks (an icon) is not ours to mend.
      const isOurs = !message.location().url.startsWith(stack.paypal);
      if (message.type() === "error" && isOurs) driver.#seen.push(`console ${message.text()}`);
    });
    driver.context.on("weberror", (error) => driver.#seen.push(`console ${error.error()}`));
    driver.page = await driver.context.newPage();
    return driver;
  }

  /** Notes the compressed size of our own pages, and any cookie. */
  async #weigh(response) {
    const { origin } = new URL(response.url());
    if (origin !== this.#stack.public) return;
    const headers = await response.allHeaders();
    if (headers["set-cookie"]) this.#seen.push(`cookie from ${response.url()}`);
    if (!headers["content-type"]?.startsWith("text/html") || response.status() === 303) return;
    let body;
    try {
      body = await response.body();
    } catch {
      // A page that loads itself again can be gone before it is weighed.
      return;
    }
    this.#weighed += 1;
    const bytes = gzipSync(body).length;
    if (bytes > PAGE_BYTES_MAX) this.#seen.push(`weight ${bytes} bytes ${response.url()}`);
  }

  /** Opens an address; what was open before has been weighed by then. */
  async open(url, page = this.page) {
    await Promise.all(this.#bodies);
    await page.goto(url);
  }

  /** Loads the page once more. */
  async reload() {
    await Promise.all(this.#bodies);
    await this.page.reload();
  }

  /** Where the ticket stands, by the page that is shown. */
  state(page = this.page) {
    return page.locator("main").getAttribute("data-state");
  }

  attempt(page = this.page) {
    return page.locator("main").getAttribute("data-attempt");
  }

  /** Presses the one button of our page; arrives at the stand-in. */
  async pressPay(page = this.page) {
    await Promise.all(this.#bodies);
    await page.locator("form button").click();
    await page.locator('main[data-page="approve"]').waitFor();
    assert.equal(new URL(page.url()).origin, this.#stack.paypal);
  }

  /** Presses a button at the stand-in: pay, decline, cancel, close. */
  async choose(choice, page = this.page) {
    await page.locator(`#${choice}`).click();
    // While a webhook settles the same payment the page says so, and loads
    // itself again until it knows more.
    const known = 'main[data-state]:not([data-state="processing"])';
    await page.locator(choice === "close" ? 'main[data-page="closed"]' : known).waitFor();
  }

  /** The values beside the labels of the page. */
  facts(page = this.page) {
    return page.locator("dl").allInnerTexts().then((texts) => texts.join("\n"));
  }

  /** Saves what the driver saw last. */
  async screenshot(name) {
    mkdirSync(SCREENSHOTS, { recursive: true });
    const path = join(SCREENSHOTS, `${name.replaceAll(/[^\p{L}\d]+/gu, "-")}.png`);
    await this.page.screenshot({ path, fullPage: true });
    console.error(`        seen last: ${path}`);
  }

  /** Nothing was fetched from elsewhere, kept, run or complained about. */
  async nothingElseHappened() {
    await Promise.all(this.#bodies);
    const allowed = [this.#stack.public, this.#stack.paypal];
    const ours = (entry) => {
      const url = entry.startsWith("request ") && entry.slice("request ".length);
      return url && (url.startsWith("data:") || allowed.includes(new URL(url).origin));
    };
    assert.deepEqual(this.#seen.filter((entry) => !ours(entry)), []);
    assert.equal(this.#weighed > 0, this.#seen.length > 0, "no page was weighed");
    const kept = await this.context.storageState();
    assert.deepEqual(kept, { cookies: [], origins: [] });
    for (const page of this.context.pages()) {
      assert.equal(await page.locator("script").count(), 0, page.url());
    }
  }
}
