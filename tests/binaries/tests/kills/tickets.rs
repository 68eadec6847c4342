//! The tickets that are paid.

use binaries::{Answer, City, events, now};
use jiff::ToSpan;
use serde_json::{Value, json};
use ticket::{CaseNumber, Cents, WARNING_FINE_MIN, WARNING_FINE_STEP};
use url::Url;

/// In one request: the codes of five hundred are a larger answer than the
/// Runtime API of these tests takes.
const PER_REQUEST: usize = 100;

/// Different amounts, up to the highest fine: money booked for another ticket
/// must not look right.
const AMOUNTS: u32 = 11;

/// A ticket, as it lies under the wiper.
pub(crate) struct Issued {
    pub(crate) case_number: CaseNumber,
    pub(crate) token: String,
    pub(crate) amount: Cents,
}

/// Issues that many tickets.
pub(crate) async fn issue(city: &City, count: u32) -> Vec<Issued> {
    let lambda = city.start("issue-tickets").await;
    let occurred_at = now().saturating_sub(1.hour()).unwrap().to_string();
    let lines: Vec<(Cents, Value)> = (0..count)
        .map(|number| {
            let steps = number % AMOUNTS;
            let cents = WARNING_FINE_MIN.minor_units() + steps * WARNING_FINE_STEP.minor_units();
            let amount = Cents::new(cents);
            let line = json!({
                "case_number": format!("KL-KILLS-{number:04}"),
                "plate": "KL-XX 000",
                "offence": { "number": "112402", "text": "Sie parkten im Halteverbot." },
                "place": "Musterstraße 1",
                "occurred_at": occurred_at,
                "amount": amount.to_string(),
            });
            (amount, line)
        })
        .collect();
    let mut issued = Vec::new();
    for lines in lines.chunks(PER_REQUEST) {
        let fill = [("OFFICE_TOKEN", "office.token")];
        let mut event = events::event("city-issues-tickets", &fill);
        let body: Vec<String> = lines.iter().map(|(_, line)| line.to_string()).collect();
        event["body"] = body.join("\n").into();
        event["isBase64Encoded"] = false.into();
        let answer = Answer::from(lambda.invoke(event, now()).await);
        assert_eq!(answer.status(), 200, "{}", answer.body());
        for ((amount, _), line) in lines.iter().zip(answer.body().lines()) {
            let line: Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["status"], 201, "{line}");
            let url: Url = line["url"].as_str().unwrap().parse().unwrap();
            issued.push(Issued {
                case_number: line["case_number"].as_str().unwrap().parse().unwrap(),
                token: url.path_segments().unwrap().next_back().unwrap().to_owned(),
                amount: *amount,
            });
        }
    }
    assert_eq!(issued.len(), usize::try_from(count).unwrap());
    issued
}
