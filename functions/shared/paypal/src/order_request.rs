//! The order a payer is asked to approve, and its JSON.

use serde::Serialize;
use ticket::{AttemptId, CaseNumber, Cents};

/// What PayPal gets to know of us; nothing about car, place or offence.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// Goes back and forth as `custom_id`.
    pub attempt: AttemptId,
    /// What the payer reads in the payment's description.
    pub case_number: CaseNumber,
    /// Unique per paid payment in our account; the case number, or that with a suffix.
    pub invoice_id: String,
    /// What the payer is asked for.
    pub amount: Cents,
    /// The city's name on PayPal's page.
    pub brand_name: String,
    /// `de-DE`, `en-US`: the language of PayPal's page.
    pub locale: String,
    /// Where PayPal sends the payer after approving.
    pub return_url: String,
    /// Where PayPal sends the payer after cancelling.
    pub cancel_url: String,
}

/// The longest brand name and description, in characters. A longer one would
/// be refused, and the city could take no payment at all because of its name.
///
/// Source: Orders v2, `brand_name` and `description`, `maxLength` 127.
const TEXT_LEN_MAX: usize = 127;

/// Drivers without an account see the form for cards first and never a demand
/// to open an account; who has one finds the log-in on the same page. Where
/// PayPal offers no guest payment it shows the log-in instead.
///
/// Source: Orders v2, `paypal_wallet_experience_context.landing_page`. That the
/// default may show "create an account" instead: angelleye/paypal-woocommerce
/// issue 412.
const LANDING_PAGE: &str = "GUEST_CHECKOUT";

#[derive(Serialize)]
pub(crate) struct WireNewOrder<'a> {
    intent: &'static str,
    purchase_units: [WireNewUnit<'a>; 1],
    payment_source: PaymentSource<'a>,
}

/// Without a payee on purpose: PayPal then puts in the account our
/// credentials belong to, and comparing its answer with our merchant id shows
/// whether they are the right ones.
#[derive(Serialize)]
struct WireNewUnit<'a> {
    reference_id: &'a str,
    custom_id: &'a str,
    invoice_id: &'a str,
    description: String,
    amount: Amount,
}

#[derive(Serialize)]
struct Amount {
    currency_code: &'static str,
    value: String,
}

#[derive(Serialize)]
struct PaymentSource<'a> {
    paypal: Wallet<'a>,
}

#[derive(Serialize)]
struct Wallet<'a> {
    experience_context: Experience<'a>,
}

#[derive(Serialize)]
struct Experience<'a> {
    brand_name: String,
    locale: &'a str,
    landing_page: &'static str,
    // A warning fine is not shipped; asking for an address would be asking for
    // personal data nobody needs.
    shipping_preference: &'static str,
    // Nothing comes after approving, so the button says "pay now".
    user_action: &'static str,
    // Keeps out what stays pending for days, as electronic cheques do.
    payment_method_preference: &'static str,
    return_url: &'a str,
    cancel_url: &'a str,
}

impl<'a> From<&'a NewOrder> for WireNewOrder<'a> {
    fn from(order: &'a NewOrder) -> Self {
        let case_number = order.case_number.as_str();
        let room = TEXT_LEN_MAX - case_number.len() - 1;
        let unit = WireNewUnit {
            reference_id: case_number,
            custom_id: order.attempt.as_str(),
            invoice_id: &order.invoice_id,
            description: format!("{} {case_number}", cut(&order.brand_name, room)),
            amount: Amount {
                currency_code: "EUR",
                value: order.amount.to_string(),
            },
        };
        let experience_context = Experience {
            brand_name: cut(&order.brand_name, TEXT_LEN_MAX),
            locale: &order.locale,
            landing_page: LANDING_PAGE,
            shipping_preference: "NO_SHIPPING",
            user_action: "PAY_NOW",
            payment_method_preference: "IMMEDIATE_PAYMENT_REQUIRED",
            return_url: &order.return_url,
            cancel_url: &order.cancel_url,
        };
        Self {
            intent: "CAPTURE",
            purchase_units: [unit],
            payment_source: PaymentSource {
                paypal: Wallet { experience_context },
            },
        }
    }
}

fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}
