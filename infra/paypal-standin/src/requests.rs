//! What an order must say to be accepted.
//!
//! Source: PayPal Orders v2 2.13, `order_request`, `purchase_unit_request`,
//! `paypal_wallet_experience_context`.

use serde_json::Value;
use url::Url;

use crate::answers::Refusal;
use crate::money::{Currency, Money};

/// The longest `custom_id`, `invoice_id`, `brand_name` and `description`.
const TEXT_LENGTH_MAX: usize = 127;
/// The longest amount.
const VALUE_LENGTH_MAX: usize = 32;

/// What an order is to be, read from a request.
pub(crate) struct Requested {
    pub(crate) amount: Money,
    pub(crate) payee_merchant_id: Option<String>,
    pub(crate) custom_id: Option<String>,
    pub(crate) invoice_id: Option<String>,
    pub(crate) has_payment_source: bool,
    pub(crate) brand_name: Option<String>,
    pub(crate) locale: Option<String>,
    pub(crate) return_url: Option<String>,
    pub(crate) cancel_url: Option<String>,
}

impl Requested {
    pub(crate) fn read(body: &Value) -> Result<Self, Refusal> {
        match body.get("intent").and_then(Value::as_str) {
            Some("CAPTURE") => {}
            // The stand-in, like us, knows no authorisations.
            Some(other) => {
                return Err(Refusal::issue("NOT_SUPPORTED").field("/intent", other));
            }
            None => return Err(missing("/intent")),
        }
        let units = body
            .get("purchase_units")
            .and_then(Value::as_array)
            .ok_or_else(|| missing("/purchase_units"))?;
        let unit = match units.as_slice() {
            [] => return Err(Refusal::issue("INVALID_ARRAY_MIN_ITEMS")),
            [unit] => unit,
            // PayPal takes ten; one ticket is one purchase.
            _ => return Err(Refusal::issue("INVALID_ARRAY_MAX_ITEMS")),
        };
        text(unit, "description", "/purchase_units/0/description")?;
        let amount = unit
            .get("amount")
            .ok_or_else(|| missing("/purchase_units/0/amount"))?;
        let source = body.get("payment_source");
        let context = source.map(wallet_context).transpose()?;
        let context = context.unwrap_or(&Value::Null);
        Ok(Self {
            amount: money(amount)?,
            payee_merchant_id: unit
                .pointer("/payee/merchant_id")
                .and_then(Value::as_str)
                .map(str::to_owned),
            custom_id: text(unit, "custom_id", "/purchase_units/0/custom_id")?,
            invoice_id: text(unit, "invoice_id", "/purchase_units/0/invoice_id")?,
            has_payment_source: source.is_some(),
            brand_name: text(
                context,
                "brand_name",
                "/payment_source/paypal/experience_context",
            )?,
            locale: locale(context)?,
            return_url: address(context, "return_url")?,
            cancel_url: address(context, "cancel_url")?,
        })
    }
}

/// Reads an amount of money.
pub(crate) fn money(amount: &Value) -> Result<Money, Refusal> {
    let code = amount
        .get("currency_code")
        .and_then(Value::as_str)
        .ok_or_else(|| missing("/amount/currency_code"))?;
    let value = amount
        .get("value")
        .and_then(Value::as_str)
        .ok_or_else(|| missing("/amount/value"))?;
    let currency = Currency::from_code(code).ok_or_else(|| {
        Refusal::issue("INVALID_CURRENCY_CODE").field("/amount/currency_code", code)
    })?;
    let malformed = || Refusal::issue("INVALID_PARAMETER_SYNTAX").field("/amount/value", value);
    if value.is_empty() || value.len() > VALUE_LENGTH_MAX {
        return Err(Refusal::issue("INVALID_STRING_LENGTH").field("/amount/value", value));
    }
    let (whole, part) = value.split_once('.').unwrap_or((value, ""));
    let negative = whole.starts_with('-');
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || whole.len() + part.len() == 0 {
        return Err(malformed());
    }
    if part.len() > 2 {
        return Err(Refusal::issue("DECIMAL_PRECISION").field("/amount/value", value));
    }
    let cents = format!("{whole}{part:0<2}");
    let minor_units: u64 = cents.parse().map_err(|_| malformed())?;
    if negative || minor_units == 0 {
        return Err(Refusal::issue("CANNOT_BE_ZERO_OR_NEGATIVE").field("/amount/value", value));
    }
    Ok(Money {
        currency,
        minor_units,
    })
}

/// The experience context of a PayPal wallet; other sources are refused.
fn wallet_context(source: &Value) -> Result<&Value, Refusal> {
    let wallet = source
        .get("paypal")
        .ok_or_else(|| missing("/payment_source/paypal"))?;
    let context = wallet.get("experience_context").unwrap_or(&Value::Null);
    for (name, pointer, allowed) in [
        (
            "shipping_preference",
            "/payment_source/paypal/experience_context/shipping_preference",
            &["GET_FROM_FILE", "NO_SHIPPING", "SET_PROVIDED_ADDRESS"][..],
        ),
        (
            "landing_page",
            "/payment_source/paypal/experience_context/landing_page",
            &["LOGIN", "GUEST_CHECKOUT", "NO_PREFERENCE"][..],
        ),
        (
            "user_action",
            "/payment_source/paypal/experience_context/user_action",
            &["CONTINUE", "PAY_NOW"][..],
        ),
        (
            "payment_method_preference",
            "/payment_source/paypal/experience_context/payment_method_preference",
            &["UNRESTRICTED", "IMMEDIATE_PAYMENT_REQUIRED"][..],
        ),
    ] {
        if let Some(value) = context.get(name) {
            let word = value.as_str().unwrap_or_default();
            if !allowed.contains(&word) {
                return Err(Refusal::issue("INVALID_PARAMETER_VALUE").field(pointer, word));
            }
        }
    }
    Ok(context)
}

pub(crate) fn text(
    of: &Value,
    name: &str,
    pointer: &'static str,
) -> Result<Option<String>, Refusal> {
    let Some(value) = of.get(name) else {
        return Ok(None);
    };
    let Some(value) = value.as_str() else {
        return Err(Refusal::issue("INVALID_PARAMETER_SYNTAX").field(pointer, value.to_string()));
    };
    if value.is_empty() || value.chars().count() > TEXT_LENGTH_MAX {
        return Err(Refusal::issue("INVALID_STRING_LENGTH").field(pointer, value));
    }
    Ok(Some(value.to_owned()))
}

/// A BCP 47 locale of two to ten characters, `de-DE`.
fn locale(context: &Value) -> Result<Option<String>, Refusal> {
    let pointer = "/payment_source/paypal/experience_context/locale";
    let locale = text(context, "locale", pointer)?;
    let fits = |locale: &String| {
        (2..=10).contains(&locale.len())
            && locale
                .split('-')
                .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()))
    };
    match locale {
        Some(locale) if !fits(&locale) => {
            Err(Refusal::issue("INVALID_PARAMETER_SYNTAX").field(pointer, locale))
        }
        Some(_) | None => Ok(locale),
    }
}

fn address(context: &Value, name: &'static str) -> Result<Option<String>, Refusal> {
    let Some(value) = context.get(name) else {
        return Ok(None);
    };
    let value = value.as_str().unwrap_or_default();
    match Url::parse(value) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(Some(value.to_owned())),
        Ok(_) | Err(_) => Err(Refusal::issue("INVALID_PARAMETER_SYNTAX").field(
            "/payment_source/paypal/experience_context/return_url",
            value,
        )),
    }
}

fn missing(pointer: &'static str) -> Refusal {
    Refusal::issue("MISSING_REQUIRED_PARAMETER").field(pointer, "")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(value: &str) -> Value {
        let amount = json!({ "currency_code": "EUR", "value": value });
        money(&amount).unwrap_err().body("")["details"][0]["issue"].clone()
    }

    #[test]
    fn an_amount_is_read_to_the_cent() {
        for (value, cents) in [("25.00", 2_500), ("25.5", 2_550), ("25", 2_500), (".05", 5)] {
            let amount = json!({ "currency_code": "EUR", "value": value });
            assert_eq!(money(&amount).unwrap().minor_units, cents, "{value}");
        }
    }

    #[test]
    fn an_amount_that_paypal_refuses_is_refused_with_paypals_issue() {
        assert_eq!(refused("25,00"), "INVALID_PARAMETER_SYNTAX");
        assert_eq!(refused("25.001"), "DECIMAL_PRECISION");
        assert_eq!(refused("0.00"), "CANNOT_BE_ZERO_OR_NEGATIVE");
        assert_eq!(refused("-5.00"), "CANNOT_BE_ZERO_OR_NEGATIVE");
        assert_eq!(refused(""), "INVALID_STRING_LENGTH");
    }
}
