//! JSON close to PayPal's: its names and ids in any shape, and recorded
//! answers with parts of them replaced or taken away.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value};

/// Names the crate reads, and one it does not.
const NAMES: [&str; 27] = [
    "id",
    "status",
    "amount",
    "value",
    "currency_code",
    "custom_id",
    "invoice_id",
    "payee",
    "merchant_id",
    "payments",
    "captures",
    "purchase_units",
    "links",
    "href",
    "rel",
    "supplementary_data",
    "related_ids",
    "order_id",
    "dispute_id",
    "disputed_transactions",
    "seller_transaction_id",
    "transaction_details",
    "transaction_info",
    "transaction_event_code",
    "create_time",
    "details",
    "x",
];

/// Texts that mean something somewhere, and some that nearly do.
const TEXTS: [&str; 21] = [
    "5O190127TN364715T",
    "5o190127tn364715t",
    "3C679366HH908993F",
    "1JU08902781691411",
    "PP-000-042-663-135",
    "abcdefghijklmnopqrstuvwxyz",
    "../x",
    "COMPLETED",
    "completed",
    "PENDING",
    "EUR",
    "USD",
    "25.00",
    "-25.00",
    "2500",
    "T0006",
    "2026-11-22T10:00:00Z",
    "up",
    "approve",
    "https://evil.example/v2/payments/captures/3C679366HH908993F",
    "https://api.sandbox.paypal.com/v2/checkout/orders/5O190127TN364715T",
];

/// Any JSON, most of it out of PayPal's words.
pub(crate) fn json() -> impl Strategy<Value = Value> {
    let text = prop_oneof![select(&TEXTS[..]).prop_map(str::to_owned), "\\PC{0,12}"];
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        6 => text.prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        let name = select(&NAMES[..]).prop_map(str::to_owned);
        let object = proptest::collection::vec((name, inner), 0..6)
            .prop_map(|fields| Value::from(fields.into_iter().collect::<Map<_, _>>()));
        // Lists of objects, as all of PayPal's are: serde would read a list of
        // texts as the fields of an object in their order.
        prop_oneof![
            3 => object.clone(),
            1 => proptest::collection::vec(object, 0..3).prop_map(Value::from),
        ]
    })
}

/// Orders of up to two units with up to two captures each, in which every part
/// is right, nearly right or missing, whatever the others are.
pub(crate) fn order() -> impl Strategy<Value = Value> {
    let id = word(["5O190127TN364715T", "5o190127tn364715t"]);
    let capture = fields(vec![
        ("id", word(["3C679366HH908993F", "4C679366HH908993F"])),
        ("status", word(["COMPLETED", "completed"])),
        ("amount", money()),
        ("custom_id", word(["abcdefghijklmnopqrstuvwxyz", "another"])),
        ("invoice_id", word(["KL-1", "KL-2"])),
        (
            "payee",
            fields(vec![("merchant_id", word(["8YTYX8DKLB5ZU", "ANOTHER"]))]),
        ),
    ]);
    let captures = proptest::collection::vec(capture, 0..3).prop_map(Value::from);
    let unit = fields(vec![
        ("amount", money()),
        ("custom_id", word(["abcdefghijklmnopqrstuvwxyz", "another"])),
        ("invoice_id", word(["KL-1", "KL-2"])),
        (
            "payee",
            fields(vec![("merchant_id", word(["8YTYX8DKLB5ZU", "ANOTHER"]))]),
        ),
        ("payments", fields(vec![("captures", captures.boxed())])),
    ]);
    let link = fields(vec![
        ("rel", word(["approve", "payer-action"])),
        (
            "href",
            word([
                "https://www.sandbox.paypal.com/checkoutnow?token=5O190127TN364715T",
                "https://www.sandbox.paypal.com.evil.example/",
            ]),
        ),
    ]);
    let units = proptest::collection::vec(unit, 0..3).prop_map(Value::from);
    let links = proptest::collection::vec(link, 0..3).prop_map(Value::from);
    fields(vec![
        ("id", id),
        ("status", word(["COMPLETED", "CREATED"])),
        ("purchase_units", units.boxed()),
        ("links", links.boxed()),
    ])
}

fn money() -> BoxedStrategy<Value> {
    fields(vec![
        ("value", word(["25.00", "2500"])),
        ("currency_code", word(["EUR", "USD"])),
    ])
}

/// Mostly the first of the two.
fn word(texts: [&'static str; 2]) -> BoxedStrategy<Value> {
    let [right, other] = texts.map(Value::from);
    prop_oneof![4 => Just(right), 1 => Just(other)].boxed()
}

/// An object of these fields, each of them mostly there.
fn fields(parts: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let there = |(name, value)| (Just(name), proptest::option::weighted(0.9, value));
    let parts: Vec<_> = parts.into_iter().map(there).collect();
    let object = |parts: Vec<(&'static str, Option<Value>)>| {
        let there = |(name, value): (&str, Option<Value>)| Some((name.to_owned(), value?));
        Value::from(parts.into_iter().filter_map(there).collect::<Map<_, _>>())
    };
    parts.prop_map(object).boxed()
}

/// What is done to one place of a tree.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Instead(Value),
    Gone,
    /// A text in small letters.
    Small,
    /// A text with one more character.
    Longer,
}

/// A few changes, and where; mostly where something is read.
pub(crate) fn changes() -> impl Strategy<Value = Vec<(Index, bool, Change)>> {
    let change = prop_oneof![
        3 => json().prop_map(Change::Instead),
        2 => Just(Change::Gone),
        1 => Just(Change::Small),
        1 => Just(Change::Longer),
    ];
    let change = (any::<Index>(), proptest::bool::weighted(0.8), change);
    proptest::collection::vec(change, 0..4)
}

/// Makes the changes on places that `may` change.
pub(crate) fn change(
    tree: &mut Value,
    changes: &[(Index, bool, Change)],
    may: impl Fn(&str) -> bool,
) {
    for (at, where_read, change) in changes {
        let mut places = places(tree);
        places.retain(|place| may(place));
        if *where_read {
            places.retain(|place| NAMES.iter().any(|name| place.ends_with(name)));
        }
        if places.is_empty() {
            continue;
        }
        let place = at.get(&places);
        let found = tree.pointer(place).cloned().unwrap_or_default();
        let instead = match (change, found) {
            (Change::Instead(value), _) => Some(value.clone()),
            (Change::Small, Value::String(text)) => Some(text.to_lowercase().into()),
            (Change::Longer, Value::String(text)) => Some(format!("{text}0").into()),
            (Change::Gone | Change::Small | Change::Longer, _) => None,
        };
        let (above, name) = place.rsplit_once('/').unwrap();
        match (tree.pointer_mut(above), instead) {
            (Some(Value::Object(fields)), Some(value)) => {
                fields.insert(name.to_owned(), value);
            }
            (Some(Value::Object(fields)), None) => {
                fields.remove(name);
            }
            (Some(Value::Array(items)), Some(value)) => {
                items[name.parse::<usize>().unwrap()] = value;
            }
            (Some(Value::Array(items)), None) => {
                items.remove(name.parse().unwrap());
            }
            (_, _) => panic!("{place} is in nothing"),
        }
    }
}

/// A JSON pointer to each place below the root.
fn places(tree: &Value) -> Vec<String> {
    let below: Vec<(String, &Value)> = match tree {
        Value::Object(fields) => {
            let named = |(name, value)| (format!("/{name}"), value);
            fields.iter().map(named).collect()
        }
        Value::Array(items) => {
            let numbered = |(index, value)| (format!("/{index}"), value);
            items.iter().enumerate().map(numbered).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    let mut found = Vec::new();
    for (place, value) in below {
        found.extend(
            places(value)
                .into_iter()
                .map(|more| format!("{place}{more}")),
        );
        found.push(place);
    }
    found
}
