// PayPal's own client library as a second judge: it reads the stand-in's
// answers with its own schemas. It knows only PayPal's hosts, so its transport
// is turned to the stand-in, and any other way out is closed first.

import assert from "node:assert/strict";
import http from "node:http";
import https from "node:https";

https.request = () => {
  throw new Error("this test calls nothing beyond this machine");
};

/** A client of PayPal's library that talks to the stand-in. */
export async function sdkClient(standin) {
  const sdk = await import("@paypal/paypal-server-sdk");
  const client = new sdk.Client({
    clientCredentialsAuthCredentials: {
      oAuthClientId: "standin-client",
      oAuthClientSecret: "standin-secret",
    },
    environment: sdk.Environment.Sandbox,
    timeout: 10_000,
    unstable_httpClientOptions: { adapter: (config) => send(standin, config) },
  });
  return { sdk, orders: new sdk.OrdersController(client), payments: new sdk.PaymentsController(client) };
}

/** An axios adapter: the same path and query, at the stand-in. */
function send(standin, config) {
  const url = new URL(config.url, config.baseURL);
  const target = new URL(`${url.pathname}${url.search}`, standin);
  return new Promise((resolve, reject) => {
    const request = http.request(
      target,
      { method: config.method.toUpperCase(), headers: config.headers.toJSON() },
      (answer) => {
        const chunks = [];
        answer.on("data", (chunk) => chunks.push(chunk));
        answer.on("end", () =>
          resolve({
            data: Buffer.concat(chunks).toString("utf8"),
            status: answer.statusCode,
            statusText: answer.statusMessage,
            headers: answer.headers,
            config,
            request,
          }),
        );
      },
    );
    request.once("error", reject);
    if (config.data !== undefined && config.data !== null) {
      request.write(typeof config.data === "string" ? config.data : config.data.toString());
    }
    request.end();
  });
}

/** Creates, approves, captures and refunds with PayPal's library. */
export async function payWithSdk(merchant) {
  const { sdk, orders, payments } = await sdkClient(merchant.standin);
  const created = await orders.createOrder({
    body: {
      intent: sdk.CheckoutPaymentIntent.Capture,
      purchaseUnits: [
        {
          customId: "attempt-of-SDK-1",
          invoiceId: "SDK-1",
          amount: { currencyCode: "EUR", value: "30.00" },
        },
      ],
      paymentSource: {
        paypal: {
          experienceContext: {
            returnUrl: "https://pay.example.de/r/A1",
            cancelUrl: "https://pay.example.de/r/A1/cancel",
          },
        },
      },
    },
    paypalRequestId: "sdk-create",
    prefer: "return=representation",
  });
  assert.equal(created.statusCode, 201);
  assert.equal(created.result.status, sdk.OrderStatus.PayerActionRequired);
  const id = created.result.id;
  const refused = await orders
    .captureOrder({ id, paypalRequestId: "sdk-capture-0", prefer: "return=representation" })
    .then(() => null, (error) => error);
  assert.equal(refused?.statusCode, 422);
  assert.equal(refused.result.details[0].issue, "ORDER_NOT_APPROVED");
  await merchant.pays(id);
  const captured = await orders.captureOrder({
    id,
    paypalRequestId: "sdk-capture-1",
    prefer: "return=representation",
  });
  const capture = captured.result.purchaseUnits[0].payments.captures[0];
  assert.equal(capture.status, sdk.CaptureStatus.Completed);
  assert.equal(capture.sellerReceivableBreakdown.paypalFee.value, "1.10");
  const shown = await payments.getCapturedPayment({ captureId: capture.id });
  assert.equal(shown.result.supplementaryData.relatedIds.orderId, id);
  const refund = await payments.refundCapturedPayment({
    captureId: capture.id,
    paypalRequestId: "sdk-refund-1",
    prefer: "return=representation",
  });
  assert.equal(refund.result.status, sdk.RefundStatus.Completed);
  assert.equal(refund.result.amount.value, "30.00");
}
