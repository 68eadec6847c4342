// Holds the stand-in to PayPal's own OpenAPI documents: every call below goes
// through a proxy that validates request and answer. See README.md here.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { check, conclude } from "./checks.mjs";
import { habitsHold } from "./habits.mjs";
import { listenForEvents } from "./listener.mjs";
import { Merchant, orderRequest, theCapture } from "./merchant.mjs";
import { startProxy, startStandin, stopAll } from "./processes.mjs";
import { payWithSdk } from "./sdk.mjs";
import { webhooksHold } from "./webhooks.mjs";

const SPECS = {
  orders: "checkout_orders_v2",
  payments: "payments_payment_v2",
  disputes: "customer_disputes_v1",
  reporting: "reporting_transactions_v1",
  notifications: "notifications_webhooks_v1",
};

async function validationIsOn(merchant) {
  await check("a request that breaks the specification is noticed", async () => {
    const body = orderRequest("WRONG-1");
    body.purchase_units[0].amount.value = 25;
    const answer = await merchant.raw("orders", "POST", "/v2/checkout/orders", {
      body,
      headers: { "paypal-request-id": "wrong-1" },
    });
    assert.ok(answer.violation, `the proxy let it through: ${answer.text}`);
  });
  await check("an answer that breaks the specification is noticed", async () => {
    const order = await merchant.order("WRONG-2");
    await merchant.fault("get_order", "unknown_status");
    const answer = await merchant.raw("orders", "GET", `/v2/checkout/orders/${order.id}`);
    assert.ok(answer.violation, `the proxy let it through: ${answer.text}`);
    assert.match(answer.text, /status/);
  });
}

async function ordersHold(merchant) {
  await check("an order is made, shown, approved, captured and shown", async () => {
    const order = await merchant.order("2026-1");
    assert.equal(order.status, "PAYER_ACTION_REQUIRED");
    assert.ok(order.links.some(({ rel }) => rel === "payer-action"));
    assert.equal((await merchant.getOrder(order.id)).status, "PAYER_ACTION_REQUIRED");
    await merchant.pays(order.id);
    assert.equal((await merchant.getOrder(order.id)).status, "APPROVED");
    const captured = await merchant.capture(order.id, { requestId: "2026-1-capture-1" });
    assert.equal(theCapture(captured).status, "COMPLETED");
    const again = await merchant.capture(order.id, { status: 200, requestId: "2026-1-capture-1" });
    assert.equal(theCapture(again).id, theCapture(captured).id);
    assert.equal((await merchant.getOrder(order.id)).status, "COMPLETED");
  });
  await check("the minimal answers hold", async () => {
    const headers = { prefer: "return=minimal" };
    const order = await merchant.order("2026-2", { headers });
    await merchant.pays(order.id);
    const captured = await merchant.capture(order.id, { headers });
    assert.equal(captured.status, "COMPLETED");
    assert.equal(captured.purchase_units, undefined);
  });
  await check("an order without a payment source has the older link", async () => {
    const change = (body) => delete body.payment_source;
    const order = await merchant.order("2026-3", { change });
    assert.equal(order.status, "CREATED");
    assert.ok(order.links.some(({ rel }) => rel === "approve"));
  });
  await check("the refusals of a capture hold", async () => {
    const order = await merchant.order("2026-4");
    const refused = async (issue) => {
      const body = await merchant.capture(order.id, { status: 422 });
      assert.equal(body.details[0].issue, issue);
      return body;
    };
    await refused("ORDER_NOT_APPROVED");
    await merchant.pays(order.id, "decline");
    const declined = await refused("INSTRUMENT_DECLINED");
    assert.ok(declined.links.some(({ rel }) => rel === "redirect"));
    await merchant.pays(order.id);
    await merchant.fault("capture", "payer_action_required");
    await refused("PAYER_ACTION_REQUIRED");
    await merchant.pays(order.id);
    await merchant.capture(order.id);
    await refused("ORDER_ALREADY_CAPTURED");
  });
  await check("a paid invoice is refused at create and at capture", async () => {
    const late = await merchant.order("2026-5");
    await merchant.pays(late.id);
    await merchant.paid("2026-5");
    const create = await merchant.order("2026-5", { status: 422 });
    assert.equal(create.details[0].issue, "DUPLICATE_INVOICE_ID");
    const capture = await merchant.capture(late.id, { status: 422 });
    assert.equal(capture.details[0].issue, "DUPLICATE_INVOICE_ID");
  });
  await check("every issue that can be mocked holds", async () => {
    const order = await merchant.order("2026-6");
    for (const code of [
      "INSTRUMENT_DECLINED", "TRANSACTION_REFUSED", "COMPLIANCE_VIOLATION", "PAYER_CANNOT_PAY",
      "PAYER_ACCOUNT_RESTRICTED", "PAYER_ACCOUNT_LOCKED_OR_CLOSED", "TRANSACTION_LIMIT_EXCEEDED",
      "DOMESTIC_TRANSACTION_REQUIRED", "PAYEE_BLOCKED_TRANSACTION", "AUTH_CAPTURE_NOT_ENABLED",
      "TRANSACTION_RECEIVING_LIMIT_EXCEEDED", "MAX_NUMBER_OF_PAYMENT_ATTEMPTS_EXCEEDED",
      "ORDER_COMPLETION_IN_PROGRESS", "REDIRECT_PAYER_FOR_ALTERNATE_FUNDING",
      "TRANSACTION_BLOCKED_BY_PAYEE", "DUPLICATE_INVOICE_ID",
    ]) {
      const mock = JSON.stringify({ mock_application_codes: code });
      const headers = { "paypal-mock-response": mock };
      const body = await merchant.capture(order.id, { status: 422, headers });
      assert.equal(body.details[0].issue, code);
    }
    const mock = JSON.stringify({ mock_application_codes: "PERMISSION_DENIED" });
    await merchant.capture(order.id, { status: 403, headers: { "paypal-mock-response": mock } });
  });
  await check("bad requests, unknown orders and bad tokens are answered in shape", async () => {
    const zero = (body) => (body.purchase_units[0].amount.value = "0.00");
    const create = await merchant.order("2026-7", { status: 422, change: zero });
    assert.equal(create.details[0].issue, "CANNOT_BE_ZERO_OR_NEGATIVE");
    await merchant.call(400, "orders", "POST", "/v2/checkout/orders", {
      body: orderRequest("2026-7"),
    });
    const unknown = await merchant.getOrder("0AB12345CD678901E", 404);
    assert.equal(unknown.details[0].issue, "INVALID_RESOURCE_ID");
    await merchant.call(401, "orders", "GET", "/v2/checkout/orders/0AB12345CD678901E", {
      headers: { authorization: "Bearer nobody" },
    });
  });
  await check("server errors are answered in shape, rate limits as PayPal's guide says", async () => {
    const order = await merchant.order("2026-8");
    await merchant.pays(order.id);
    await merchant.fault("capture", "server_error");
    await merchant.capture(order.id, { status: 500 });
    await merchant.fault("capture", "rate_limit");
    // The specification has no 429; its shape is that of the guide "rate limiting".
    const limited = await fetch(`${merchant.standin}/v2/checkout/orders/${order.id}/capture`, {
      method: "POST",
    });
    assert.equal(limited.status, 429);
    assert.equal((await limited.json()).name, "RATE_LIMIT_REACHED");
    await merchant.capture(order.id);
  });
}

async function paymentsHold(merchant) {
  await check("a capture is shown, refunded in part and in full", async () => {
    const { capture } = await merchant.paid("2026-20");
    const shown = await merchant.getCapture(capture);
    assert.equal(shown.seller_receivable_breakdown.paypal_fee.value, "0.97");
    const part = await merchant.refund(capture, {
      body: { amount: { currency_code: "EUR", value: "10.00" } },
    });
    const path = `/v2/payments/refunds/${part.id}`;
    assert.equal((await merchant.call(200, "payments", "GET", path)).amount.value, "10.00");
    assert.equal((await merchant.getCapture(capture)).status, "PARTIALLY_REFUNDED");
    assert.equal((await merchant.refund(capture)).amount.value, "15.00");
    assert.equal((await merchant.getCapture(capture)).status, "REFUNDED");
    const more = await merchant.refund(capture, { status: 422 });
    assert.equal(more.details[0].issue, "CAPTURE_FULLY_REFUNDED");
  });
  await check("a pending capture holds, and so do its ends", async () => {
    for (const [invoice, end, status] of [
      ["2026-21", "complete", "COMPLETED"],
      ["2026-22", "deny", "DECLINED"],
    ]) {
      await merchant.fault("capture", "pending");
      const { capture } = await merchant.paid(invoice);
      assert.equal((await merchant.getCapture(capture)).status_details.reason, "PENDING_REVIEW");
      const refused = await merchant.refund(capture, { status: 422 });
      assert.equal(refused.details[0].issue, "PENDING_CAPTURE");
      await merchant.lever("POST", `captures/${capture}/${end}`);
      assert.equal((await merchant.getCapture(capture)).status, status);
    }
  });
  await check("a capture declined in 201 holds", async () => {
    await merchant.fault("capture", "declined_in_201");
    const { order, capture } = await merchant.paid("2026-23");
    assert.equal((await merchant.getCapture(capture)).status, "DECLINED");
    assert.equal((await merchant.getOrder(order)).status, "COMPLETED");
  });
  await check("an unknown capture is answered in shape", async () => {
    await merchant.getCapture("0AB12345CD678901E", 404);
  });
}

async function theRestHolds(merchant, events) {
  await check("a dispute is shown", async () => {
    const { capture } = await merchant.paid("2026-30");
    await merchant.lever("POST", `captures/${capture}/dispute`);
    const { disputes } = await merchant.lever("GET", "books");
    const path = `/v1/customer/disputes/${disputes[0].id}`;
    const shown = await merchant.call(200, "disputes", "GET", path);
    assert.equal(shown.disputed_transactions[0].seller_transaction_id, capture);
  });
  await check("Transaction Search shows captures, refunds and reversals", async () => {
    const { capture } = await merchant.paid("2026-31");
    await merchant.lever("POST", `captures/${capture}/reverse`);
    const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString();
    const path =
      `/v1/reporting/transactions?start_date=${day(-1)}&end_date=${day(1)}` +
      "&page_size=500&page=1&fields=all";
    // Nothing is three hours old yet. PayPal answers an empty list then, which
    // its specification (minItems 1) does not foresee.
    const empty = await merchant.raw("reporting", "GET", path);
    assert.deepEqual(
      empty.body.validation.map(({ location, code }) => [location.at(-1), code]),
      [["transaction_details", "minItems"]],
    );
    await merchant.lever("POST", "faults", { report_lag_s: 0 });
    const { transaction_details: rows } = await merchant.call(200, "reporting", "GET", path);
    const codes = rows.map(({ transaction_info: row }) => row.transaction_event_code);
    assert.deepEqual([...new Set(codes)].sort(), ["T0006", "T1106", "T1107"]);
  });
  for (const type of [
    "CHECKOUT.ORDER.APPROVED",
    "PAYMENT.CAPTURE.COMPLETED",
    "PAYMENT.CAPTURE.PENDING",
    "PAYMENT.CAPTURE.DECLINED",
    "PAYMENT.CAPTURE.DENIED",
    "PAYMENT.CAPTURE.REFUNDED",
    "PAYMENT.CAPTURE.REVERSED",
    "CUSTOMER.DISPUTE.CREATED",
  ]) {
    await check(`the event ${type} passes PayPal's own postback as a request, and so does the answer`, async () => {
      const { headers, body } = await events.first(type);
      const path = "/v1/notifications/verify-webhook-signature";
      const { verification_status: status } = await merchant.call(200, "notifications", "POST", path, {
        body: {
          auth_algo: headers["paypal-auth-algo"],
          // The specification knows only https.
          cert_url: headers["paypal-cert-url"].replace("http:", "https:"),
          transmission_id: headers["paypal-transmission-id"],
          transmission_sig: headers["paypal-transmission-sig"],
          transmission_time: headers["paypal-transmission-time"],
          webhook_id: "4MU12345AB678901C",
          webhook_event: body,
        },
      });
      // Both the address and the webhook's id are others than it was signed with.
      assert.equal(status, "FAILURE");
    });
  }
  await check("PayPal's own client library reads the stand-in", () => payWithSdk(merchant));
}

const folder = mkdtempSync(join(tmpdir(), "standin-contract-"));
let code = 1;
try {
  const events = await listenForEvents();
  const standin = await startStandin(events.url);
  const started = await Promise.all(
    Object.entries(SPECS).map(async ([name, spec]) => [name, await startProxy(spec, standin, folder)]),
  );
  for (const [name, { dropped }] of started) {
    console.log(`${SPECS[name]}: ${dropped} patterns dropped that no validator could compile`);
  }
  const merchant = new Merchant(standin, Object.fromEntries(started));
  await merchant.logIn();
  await validationIsOn(merchant);
  await ordersHold(merchant);
  await paymentsHold(merchant);
  await theRestHolds(merchant, events);
  await webhooksHold(merchant, events);
  await habitsHold(merchant);
  events.close();
  code = conclude();
} finally {
  stopAll();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(code);
