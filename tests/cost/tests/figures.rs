//! What it costs is what `report.md` says, and no more than it was.

#![expect(clippy::unwrap_used, reason = "what fails here is a failed test")]

use cost::{Asked, Door, Inputs, Item, Service, Usage};

#[test]
fn the_report_is_what_is_printed() {
    let report = Inputs::read().unwrap().report().unwrap();
    assert!(
        report == include_str!("../report.md"),
        "`cargo run -p cost > tests/cost/report.md`, and look at what has changed"
    );
}

#[test]
fn a_thousand_payments_cost_no_more_than_before() {
    let inputs = Inputs::read().unwrap();
    let costs = inputs.usd_per_1000_payments().unwrap();
    let most = inputs.assumptions.target.no_more_than;
    assert!(
        costs <= most,
        "{} USD, and no more than {} it should be",
        costs.rounded(4),
        most.rounded(4)
    );
}

/// Nothing is asked for but this, and nothing is added.
fn inputs(asked: Asked) -> Inputs {
    let mut inputs = Inputs::read().unwrap();
    inputs.recorded = cost::Recorded {
        scan: asked,
        ..cost::Recorded::default()
    };
    let it = &mut inputs.assumptions;
    (it.payment.cold_percent, it.payment.abandoned_percent) = (0, 0);
    (it.bytes.access_log, it.bytes.platform_lines_of_a_request) = (0, 0);
    (it.bytes.answer_head, it.log_kept_percent) = (0, 100);
    inputs
}

#[test]
fn each_thing_that_a_step_asks_for_is_billed() {
    let asked = Asked {
        by: "show-ticket".to_owned(),
        door: Door::Public,
        invocations: 1,
        table: [("GetItem".to_owned(), 3)].into(),
        read_half_units: 5,
        write_units: 7,
        paypal: 1,
        messages: 1,
        answer_bytes: 10_000,
        sent_bytes: 2_000,
        log_lines: 2,
        log_bytes: 1_000,
    };
    let mut inputs = inputs(asked);
    let it = &mut inputs.durations;
    (it.table_call_ms, it.paypal_call_ms, it.message_ms) = (5, 300, 200);
    it.request_cpu_us.insert("show-ticket".to_owned(), 1_000);
    inputs.templates.memory_mb = 256;
    let bill = inputs
        .prices
        .bill(&cost::all(&inputs.thousand_payments()))
        .unwrap();
    // By hand, for a thousand.
    let expected = [
        // 3.70 a million.
        (Service::ApiGateway, "0.003700"),
        // 0.60 a million.
        (Service::Waf, "0.000600"),
        // 0.20 a million; 15 + 300 + 200 ms of waiting, 6 of computing at 256 of 1769 MB, and
        // the one that is rounded up: 522 ms of a quarter of a gigabyte at 0.0000133334.
        (Service::Lambda, "0.001940"),
        // 7 at 0.7625 a million, 2.5 at 0.1525.
        (Service::DynamoDb, "0.005719"),
        // 1,000 bytes at 0.63 a gigabyte, and 0.0324 for keeping them.
        (Service::CloudWatch, "0.000662"),
        (Service::Kms, "0.000000"),
        // 12,000 bytes at 0.09 a gigabyte.
        (Service::Traffic, "0.001080"),
    ];
    for (service, usd) in expected {
        assert_eq!(bill.of(service).rounded(6), usd, "{service:?}");
    }
}

#[test]
fn a_write_more_is_a_payment_that_costs_more() {
    let of = |write_units| {
        let asked = Asked {
            write_units,
            ..Asked::default()
        };
        inputs(asked).usd_per_1000_payments().unwrap()
    };
    let prices = Inputs::read().unwrap().prices;
    let thousand = prices.bill(&Usage::default().and(Item::WriteUnit, 1000));
    assert_eq!(of(8), of(7) + thousand.unwrap().total());
}

#[test]
fn a_throttle_makes_a_flood_cheaper() {
    let inputs = Inputs::read().unwrap();
    let costs = inputs
        .flood()
        .into_iter()
        .map(|part| inputs.prices.bill(&part.usage));
    let costs: Vec<_> = costs.map(|bill| bill.unwrap().total()).collect();
    assert!(
        costs[1..].iter().all(|under_ours| *under_ours < costs[0]),
        "{costs:?}"
    );
}

#[test]
fn the_templates_are_read() {
    let templates = Inputs::read().unwrap().templates;
    assert!(templates.alarm_metrics > 40, "{templates:?}");
    assert!(templates.waf_rules > 5, "{templates:?}");
    assert!(templates.rest_methods >= 6, "{templates:?}");
    assert!(templates.http_routes > 10, "{templates:?}");
    assert_eq!(templates.secrets["receive-webhook"], 2, "{templates:?}");
    assert_eq!(templates.secrets.get("show-ticket"), None, "{templates:?}");
}
