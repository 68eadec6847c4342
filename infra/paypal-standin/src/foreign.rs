//! Payments into the same account that are none of ours.

use jiff::Timestamp;

use crate::books::{Capture, CaptureStatus, Foreign, ForeignPayment};
use crate::money::Money;
use crate::state::State;

impl State {
    /// So many payments from elsewhere, all at once.
    pub(crate) fn foreign_payments(
        &mut self,
        count: u32,
        amount: Money,
        kind: Foreign,
        now: Timestamp,
    ) {
        for _ in 0..count {
            let id = self.transaction_id();
            self.books.foreign.push(ForeignPayment {
                id,
                kind,
                amount,
                created_at: now,
            });
        }
    }

    /// Another shop's capture, as a read of it shows it.
    pub(crate) fn foreign_capture(&self, id: &str) -> Option<Capture> {
        let payment = self.books.foreign.iter().find(|payment| payment.id == id)?;
        match payment.kind {
            Foreign::SentByHand => None,
            Foreign::OtherShop => Some(Capture {
                id: payment.id.clone(),
                order_id: payment.id.chars().rev().collect(),
                status: CaptureStatus::Completed,
                pending_reason: None,
                amount: payment.amount,
                fee: payment.amount.fee(),
                given_back: payment.amount.same(0),
                payee_merchant_id: self.settings.merchant_id.clone(),
                custom_id: Some(format!("shop-{id}")),
                invoice_id: Some(format!("S-{id}")),
                created_at: payment.created_at,
                updated_at: payment.created_at,
                request_id: None,
            }),
        }
    }

    /// The id of money that moves: it stands in reports, where it may look like
    /// a number.
    pub(crate) fn transaction_id(&mut self) -> String {
        let id = self.ids.resource();
        if !self.behaviour.numeric_like_ids {
            return id;
        }
        let digits = id.bytes().map(|byte| char::from(b'0' + byte % 10));
        let (head, tail): (String, String) =
            (digits.clone().take(2).collect(), digits.skip(3).collect());
        format!("{head}E{tail}")
    }
}
