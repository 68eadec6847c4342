// The stand-in's habits, held to the same specifications: what it answers when
// it is made to lag, to refuse by name, to leave out and to take back.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { check } from "./checks.mjs";
import { theCapture } from "./merchant.mjs";

const PAYPAL = join(dirname(fileURLToPath(import.meta.url)), "..", "paypal");

/** The specification's issues of a call, with the status each comes with. */
function issuesOf(call) {
  const read = (path) => JSON.parse(readFileSync(join(PAYPAL, path), "utf8"));
  const status = (group) => Number(/\d{3}$/.exec(group)[0]);
  if (call === "refund") {
    const { schemas } = read("openapi/payments_payment_v2.json").components;
    return ["captures.refund-400", "captures.refund-422"].flatMap((group) =>
      schemas[group].properties.details.items.anyOf.map((item) => [
        item.properties.issue.enum[0],
        status(group),
      ]),
    );
  }
  const { issues } = read("samples/issues_from_spec.json");
  const groups = {
    create: ["400", "401", "403", "422"],
    capture: ["orders.capture-400", "orders.capture-403", "orders.capture-422"],
  }[call];
  const seen = new Map();
  for (const group of groups) {
    for (const name of Object.keys(issues[group])) {
      if (!seen.has(name)) seen.set(name, status(group));
    }
  }
  return [...seen];
}

async function refusalsHold(merchant) {
  for (const kind of ["refused", "refused_after_effect"]) {
    await check(`every issue of an order holds when it is ${kind}`, async () => {
      let order = 0;
      for (const [issue, status] of issuesOf("create")) {
        order += 1;
        await merchant.lever("POST", "faults", { on: "create", kind, issue });
        const told = await merchant.order(`R-${kind}-${order}`, { status });
        assert.equal(told.details[0].issue, issue);
      }
    });
    await check(`every issue of a capture holds when it is ${kind}`, async () => {
      let number = 0;
      for (const [issue, status] of issuesOf("capture")) {
        number += 1;
        const order = await merchant.order(`C-${kind}-${number}`);
        await merchant.pays(order.id);
        await merchant.lever("POST", "faults", { on: "capture", kind, issue });
        const told = await merchant.capture(order.id, { status });
        assert.equal(told.details[0].issue, issue);
        const after = (await merchant.getOrder(order.id)).status;
        assert.equal(after, kind === "refused" ? "APPROVED" : "COMPLETED");
      }
    });
  }
  await check("every issue of a refund holds", async () => {
    const { capture } = await merchant.paid("R-30");
    for (const [issue, status] of issuesOf("refund")) {
      await merchant.lever("POST", "faults", { on: "refund", kind: "refused", issue });
      const told = await merchant.refund(capture, { status });
      assert.equal(told.details[0].issue, issue);
    }
  });
  await check("a refusal without details is in shape, one nobody has heard of is not", async () => {
    const order = await merchant.order("R-31");
    const refused = async (issue) => {
      await merchant.lever("POST", "faults", { on: "capture", kind: "refused", issue });
      const path = `/v2/checkout/orders/${order.id}/capture`;
      return merchant.raw("orders", "POST", path, {
        body: {},
        headers: { "paypal-request-id": `R-31-${issue}` },
      });
    };
    const empty = await refused("EMPTY_DETAILS");
    assert.ok(!empty.violation, empty.text);
    assert.deepEqual(empty.body.details, []);
    assert.ok((await refused("NEVER_HEARD_OF")).violation);
  });
}

async function readsHold(merchant) {
  await check("orders hold whatever their reads leave out or say of their times", async () => {
    const omit = (part) => ({ omit_parts: { [part]: true } });
    const { order } = await merchant.paid("H-1");
    for (const habits of [
      { stale_reads_s: 600 },
      { stale_reads_s: 600, stale_reads_flap: true },
      { update_time: "absent" },
      { update_time: "frozen" },
      { update_time: "moves" },
      ...["payments", "payee", "custom_id", "invoice_id", "amount"].map(omit),
    ]) {
      await merchant.behaving(habits, () => merchant.getOrder(order));
    }
  });
  await check("a declined order holds in each of the states it may be left in", async () => {
    let number = 0;
    for (const status of ["APPROVED", "PAYER_ACTION_REQUIRED", "CREATED"]) {
      number += 1;
      await merchant.behaving({ status_after_decline: status }, async () => {
        const order = await merchant.order(`H-2-${number}`);
        await merchant.pays(order.id, "decline");
        await merchant.capture(order.id, { status: 422 });
        assert.equal((await merchant.getOrder(order.id)).status, status);
      });
    }
  });
  await check("a decline holds as a capture", async () => {
    await merchant.behaving({ decline_shape: "201_declined" }, async () => {
      const order = await merchant.order("H-3");
      await merchant.pays(order.id, "decline");
      assert.equal(theCapture(await merchant.capture(order.id)).status, "DECLINED");
    });
  });
  await check("what cannot be read yet, or is another app's, is answered in shape", async () => {
    const { order, capture } = await merchant.paid("H-4");
    await merchant.behaving({ get_404_order_s: 600, get_404_after_capture_s: 600 }, async () => {
      await merchant.getOrder(order, 404);
      await merchant.getCapture(capture, 404);
    });
    await merchant.behaving({ foreign_order_403: true }, async () => {
      const told = await merchant.capture(order, { status: 403 });
      assert.equal(told.details[0].issue, "PERMISSION_DENIED");
    });
  });
  await check("a twin that comes too soon is answered as the payments' document says", async () => {
    const { capture } = await merchant.paid("H-5");
    await merchant.behaving({ twin_call_fails_s: 600 }, async () => {
      const body = { amount: { currency_code: "EUR", value: "1.00" } };
      await merchant.refund(capture, { body, requestId: "H-5-refund" });
      const twin = await merchant.refund(capture, { body, requestId: "H-5-refund", status: 409 });
      assert.equal(twin.details[0].issue, "PREVIOUS_REQUEST_IN_PROGRESS");
    });
  });
}

async function moneyHolds(merchant) {
  await check("a capture that hangs holds for every reason", async () => {
    for (const reason of [
      "BUYER_COMPLAINT", "ECHECK", "PENDING_REVIEW", "UNILATERAL", "VERIFICATION_REQUIRED",
      "RECEIVING_PREFERENCE_MANDATES_MANUAL_ACTION", "TRANSACTION_APPROVED_AWAITING_FUNDING",
      "INTERNATIONAL_WITHDRAWAL", "OTHER",
    ]) {
      await merchant.behaving({ pending_reason: reason }, async () => {
        const { capture } = await merchant.paid(`M-1-${reason}`);
        assert.equal((await merchant.getCapture(capture)).status_details.reason, reason);
      });
    }
    await merchant.behaving({ pending_reason: "OTHER", no_status_details: true }, async () => {
      const { capture } = await merchant.paid("M-2");
      assert.equal((await merchant.getCapture(capture)).status_details, undefined);
    });
  });
  await check("a refund holds while it waits and when it has failed", async () => {
    const { capture } = await merchant.paid("M-3");
    await merchant.behaving({ refund_pending_then: "never" }, async () => {
      const refund = await merchant.refund(capture);
      const path = `/v2/payments/refunds/${refund.id}`;
      assert.equal((await merchant.call(200, "payments", "GET", path)).status, "PENDING");
      await merchant.lever("POST", `refunds/${refund.id}/fail`);
      assert.equal((await merchant.call(200, "payments", "GET", path)).status, "FAILED");
    });
    assert.equal((await merchant.getCapture(capture)).status, "COMPLETED");
  });
  await check("a reversal of a part holds, and what undoes it", async () => {
    const { capture } = await merchant.paid("M-4");
    await merchant.lever("POST", `captures/${capture}/reverse`, { minor_units: 700 });
    const { refunds } = await merchant.lever("GET", "books");
    const path = `/v2/payments/refunds/${refunds.at(-1).id}`;
    assert.equal((await merchant.call(200, "payments", "GET", path)).amount.value, "7.00");
    assert.equal((await merchant.getCapture(capture)).status, "PARTIALLY_REFUNDED");
    await merchant.lever("POST", `captures/${capture}/undo_reversal`);
    assert.equal((await merchant.getCapture(capture)).status, "COMPLETED");
  });
  await check("a dispute holds whatever it names its payment by", async () => {
    for (const names of ["invoice_number", "custom", "nothing"]) {
      await merchant.behaving({ dispute_names: names }, async () => {
        const { capture } = await merchant.paid(`M-5-${names}`);
        await merchant.lever("POST", `captures/${capture}/dispute`);
        const { disputes } = await merchant.lever("GET", "books");
        const path = `/v1/customer/disputes/${disputes.at(-1).id}`;
        const [transaction] = (await merchant.call(200, "disputes", "GET", path))
          .disputed_transactions;
        assert.equal(transaction.seller_transaction_id, undefined);
      });
    }
  });
  await check("ids that look like numbers hold", async () => {
    await merchant.behaving({ numeric_like_ids: true }, async () => {
      const { capture } = await merchant.paid("M-6");
      assert.match(capture, /^\d+E\d+$/);
      await merchant.getCapture(capture);
    });
  });
}

async function reportsHold(merchant) {
  await check("Transaction Search holds with all its habits on", async () => {
    const { capture } = await merchant.paid("T-1");
    await merchant.lever("POST", `captures/${capture}/dispute`);
    await merchant.lever("POST", `captures/${capture}/release_hold`);
    await merchant.lever("POST", `captures/${capture}/charge_back`);
    await merchant.lever("POST", `captures/${capture}/undo_reversal`);
    for (const kind of ["other_shop", "sent_by_hand"]) {
      await merchant.lever("POST", "foreign", { count: 3, minor_units: 1, kind });
    }
    const habits = {
      report_lag_s: 0,
      hold_rows: true,
      duplicate_row: true,
      row_without_ids: true,
      page_total_changes: true,
    };
    await merchant.behaving(habits, async () => {
      const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString();
      const path =
        `/v1/reporting/transactions?start_date=${day(-1)}&end_date=${day(1)}` +
        "&page_size=500&page=1&fields=all";
      const { transaction_details: rows } = await merchant.call(200, "reporting", "GET", path);
      const codes = new Set(rows.map(({ transaction_info: row }) => row.transaction_event_code));
      for (const code of ["T0000", "T0006", "T1106", "T1107", "T1110", "T1111", "T1201", "T1205"]) {
        assert.ok(codes.has(code), `${code} in ${[...codes]}`);
      }
    });
  });
}

/** Every habit whose answers have a shape. */
export async function habitsHold(merchant) {
  await refusalsHold(merchant);
  await readsHold(merchant);
  await moneyHolds(merchant);
  await reportsHold(merchant);
}
