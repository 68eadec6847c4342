//! No answer and no webhook, however broken, stops the process.

use proptest::prelude::*;

use super::{paypal, sample, soon, token};
use crate::webhook::read_event;

/// Runs `future` without a runtime's timers mattering: everything answers at once.
fn now<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(future)
}

fn ask_everything(status: u16, body: &[u8]) {
    now(async {
        let (paypal, _) = paypal(status, body).await;
        let token = token();
        let order = "5O190127TN364715T".parse().unwrap();
        let capture = "3C679366HH908993F".parse().unwrap();
        let refund = "1JU08902781691411".parse().unwrap();
        let dispute = "PP-000-042-663-135".parse().unwrap();
        let new_order = super::requests::new_order("25.00");
        let _ = paypal.fetch_token(super::now(), soon()).await;
        let _ = paypal.create_order(&token, &new_order, soon()).await;
        let _ = paypal.get_order(&token, &order, soon()).await;
        let _ = paypal.capture_order(&token, &order, "id", soon()).await;
        let _ = paypal.get_capture(&token, &capture, soon()).await;
        let _ = paypal.get_refund(&token, &refund, soon()).await;
        let _ = paypal.get_dispute(&token, &dispute, soon()).await;
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_under_any_status_are_an_outcome(
        status in 100_u16..600,
        body in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        ask_everything(status, &body);
        let _ = read_event(&body);
    }

    /// Closer to the mark than random bytes: a right answer with one field's
    /// bytes overwritten or cut off.
    #[test]
    fn a_damaged_answer_is_an_outcome(
        file in prop::sample::select(vec![
            "06_order_capture_completed_201.json", "10_capture_get_completed_200.json",
            "11_refund_response_201.json", "20_err_422_instrument_declined.json",
            "59_webhook_customer_dispute_created.json", "63_webhook_flow_capture_completed_eur.json",
        ]),
        at in any::<prop::sample::Index>(),
        end in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut body = sample(file);
        let place = at.index(body.len());
        body[place] = byte;
        ask_everything(200, &body);
        ask_everything(422, &body);
        let _ = read_event(&body);
        body.truncate(end.index(body.len()));
        ask_everything(200, &body);
        let _ = read_event(&body);
    }
}
