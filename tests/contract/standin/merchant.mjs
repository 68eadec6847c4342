// A merchant who calls PayPal's API through the proxies.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";

/** The content type of a proxy that found a violation. */
const PROBLEM = "application/problem+json";

export class Merchant {
  constructor(standin, proxies) {
    this.standin = standin;
    this.proxies = proxies;
  }

  /** OAuth is in none of the specifications; it goes to the stand-in itself. */
  async logIn() {
    const answer = await fetch(`${this.standin}/v1/oauth2/token`, {
      method: "POST",
      headers: { authorization: `Basic ${btoa("standin-client:standin-secret")}` },
      body: new URLSearchParams({ grant_type: "client_credentials" }),
    });
    assert.equal(answer.status, 200);
    const { access_token: token, token_type: type, expires_in: expiresIn } = await answer.json();
    assert.equal(type, "Bearer");
    assert.equal(expiresIn, 32400);
    this.token = token;
  }

  /** One call through the proxy of `spec`, whatever comes of it. */
  async raw(spec, method, path, { body, headers = {} } = {}) {
    const answer = await fetch(`${this.proxies[spec].origin}${path}`, {
      method,
      redirect: "manual",
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      violation: (answer.headers.get("content-type") ?? "").startsWith(PROBLEM),
      debugId: answer.headers.get("paypal-debug-id"),
      text,
      body: text === "" ? undefined : JSON.parse(text),
    };
  }

  /** One call that must hold to the specification and have this status. */
  async call(status, spec, method, path, options) {
    const answer = await this.raw(spec, method, path, options);
    assert.ok(!answer.violation, `${method} ${path} breaks the specification: ${answer.text}`);
    assert.equal(answer.status, status, answer.text);
    assert.ok(answer.debugId, "every answer has a Paypal-Debug-Id");
    return answer.body;
  }

  order(invoice, { status = 201, change = () => {}, headers = {} } = {}) {
    const body = orderRequest(invoice);
    change(body);
    return this.call(status, "orders", "POST", "/v2/checkout/orders", {
      body,
      headers: {
        "paypal-request-id": randomUUID(),
        prefer: "return=representation",
        ...headers,
      },
    });
  }

  getOrder(id, status = 200) {
    return this.call(status, "orders", "GET", `/v2/checkout/orders/${id}`);
  }

  capture(id, { status = 201, requestId = randomUUID(), headers = {} } = {}) {
    return this.call(status, "orders", "POST", `/v2/checkout/orders/${id}/capture`, {
      body: {},
      headers: { "paypal-request-id": requestId, prefer: "return=representation", ...headers },
    });
  }

  getCapture(id, status = 200) {
    return this.call(status, "payments", "GET", `/v2/payments/captures/${id}`);
  }

  refund(id, { status = 201, body = {}, requestId = randomUUID() } = {}) {
    return this.call(status, "payments", "POST", `/v2/payments/captures/${id}/refund`, {
      body,
      headers: { "paypal-request-id": requestId, prefer: "return=representation" },
    });
  }

  /** Pulls a lever of the stand-in. */
  async lever(method, path, body) {
    const answer = await fetch(`${this.standin}/_standin/${path}`, {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    assert.ok(answer.ok, text);
    return JSON.parse(text);
  }

  pays(orderId, how = "pay") {
    return this.lever("POST", `orders/${orderId}/${how}`);
  }

  fault(on, kind) {
    return this.lever("POST", "faults", { on, kind });
  }

  /** Does something while the stand-in has these habits, and takes them back. */
  async behaving(habits, run) {
    const usual = await this.lever("GET", "faults");
    await this.lever("POST", "faults", habits);
    try {
      return await run();
    } finally {
      const back = Object.keys(habits).map((habit) => [habit, usual[habit]]);
      await this.lever("POST", "faults", Object.fromEntries(back));
    }
  }

  /** An order, approved and captured; gives both ids. */
  async paid(invoice) {
    const order = await this.order(invoice);
    await this.pays(order.id);
    const captured = await this.capture(order.id);
    return { order: order.id, capture: theCapture(captured).id };
  }
}

export function theCapture(order) {
  return order.purchase_units[0].payments.captures[0];
}

export function orderRequest(invoice) {
  return {
    intent: "CAPTURE",
    purchase_units: [
      {
        reference_id: "default",
        custom_id: `attempt-of-${invoice}`,
        invoice_id: invoice,
        amount: { currency_code: "EUR", value: "25.00" },
      },
    ],
    payment_source: {
      paypal: {
        experience_context: {
          brand_name: "Stadt Musterstadt",
          locale: "de-DE",
          shipping_preference: "NO_SHIPPING",
          user_action: "PAY_NOW",
          landing_page: "NO_PREFERENCE",
          payment_method_preference: "IMMEDIATE_PAYMENT_REQUIRED",
          return_url: "https://pay.example.de/r/A1",
          cancel_url: "https://pay.example.de/r/A1/cancel",
        },
      },
    },
  };
}
