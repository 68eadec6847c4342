//! Every key of the table in one place; `infra/table.md` says who asks for what.
//!
//! Keys are made of identifiers whose alphabets hold no `#`, so two of them can
//! never collide.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use ticket::{AttemptId, CaseNumber, RefundId, SettlementId, SubscriberId};

/// How many partitions an index or a queue is spread over, so that none is hot: one
/// takes 1,000 writes a second, of which a payment needs about four. Each of them is
/// read each minute, also when nobody pays.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>
pub const SHARDS: u8 = 4;

/// The index of open work: sparse, an item is in it while there is something to do.
pub(crate) const OPEN_WORK: &str = "open-work";

pub(crate) type Item = HashMap<String, AttributeValue>;

/// The two attributes of a primary key.
pub(crate) struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    pub(crate) fn into_item(self) -> Item {
        HashMap::from([("pk".to_owned(), s(self.pk)), ("sk".to_owned(), s(self.sk))])
    }
}

pub(crate) fn municipality(id: &str) -> Key {
    Key::new(format!("MUNICIPALITY#{id}"), "CONFIGURATION")
}

/// What the city was from then on, and who said so.
pub(crate) fn municipality_configured(id: &str, at: Timestamp) -> Key {
    let at = sortable_to_the_millisecond(at);
    Key::new(format!("MUNICIPALITY#{id}"), format!("CONFIGURED#{at}"))
}

/// The partition that holds all there is about one ticket.
pub(crate) fn ticket_partition(case_number: &CaseNumber) -> String {
    format!("TICKET#{case_number}")
}

pub(crate) fn ticket(case_number: &CaseNumber) -> Key {
    Key::new(ticket_partition(case_number), "TICKET")
}

/// Of no ticket, since no case number is empty.
pub(crate) fn nobodys_ticket() -> Key {
    Key::new("TICKET#".to_owned(), "TICKET")
}

/// The kind of item that an attempt is.
pub(crate) const ATTEMPT: &str = "ATTEMPT";

pub(crate) fn attempt(id: &AttemptId) -> Key {
    Key::new(format!("{ATTEMPT}#{id}"), ATTEMPT)
}

/// Says which attempts a ticket has; the attempt itself is found by its id.
pub(crate) fn attempt_of_ticket(case_number: &CaseNumber, id: &AttemptId) -> Key {
    Key::new(ticket_partition(case_number), format!("ATTEMPT#{id}"))
}

pub(crate) fn settlement(case_number: &CaseNumber, id: &SettlementId) -> Key {
    Key::new(ticket_partition(case_number), format!("SETTLEMENT#{id}"))
}

/// Says which ticket a till's receipt or a bank's reference has paid.
pub(crate) fn receipt(id: &SettlementId) -> Key {
    Key::new(format!("RECEIPT#{id}"), "RECEIPT")
}

pub(crate) fn taken_back(case_number: &CaseNumber, id: &str) -> Key {
    Key::new(ticket_partition(case_number), format!("TAKEN_BACK#{id}"))
}

/// Nothing where the number names no case, which none that was read does.
pub(crate) fn refund(id: &RefundId) -> Option<Key> {
    let case_number = id.case_number()?;
    Some(Key::new(
        ticket_partition(&case_number),
        format!("REFUND#{id}"),
    ))
}

pub(crate) fn journal(case_number: &CaseNumber, version: u32, what: &str, reference: &str) -> Key {
    Key::new(
        ticket_partition(case_number),
        format!("JOURNAL#{version:010}#{what}#{reference}"),
    )
}

pub(crate) fn export(booked_at: Timestamp, id: &str) -> Key {
    Key::new(
        export_shard_name(shard(id)),
        // sabotage: line ids by chance
        format!("{}#{id}", sortable(booked_at)),
    )
}

pub(crate) fn export_shard_name(shard: u8) -> String {
    format!("EXPORT#{shard:02}")
}

/// Money that PayPal shows under this id and that is no ticket's.
pub(crate) fn foreign(id: &str) -> Key {
    Key::new(format!("FOREIGN#{id}"), "FOREIGN")
}

/// The partition of refunds that have not come to their end; a handful.
pub(crate) const OPEN_REFUNDS: &str = "OPEN_REFUNDS";

pub(crate) fn open_refund(id: &str) -> Key {
    Key::new(OPEN_REFUNDS.to_owned(), id)
}

/// A shard of the feed of changes.
pub(crate) fn change_shard_name(shard: u8) -> String {
    format!("CHANGES#{shard:02}")
}

/// A change, in the partition of its ticket, at the moment that the ticket says.
pub(crate) fn change(case_number: &CaseNumber, at: Timestamp, id: &str) -> Key {
    let shard = shard(case_number.as_str());
    Key::new(
        change_shard_name(shard),
        format!("{}#{id}", sortable_to_the_millisecond(at)),
    )
}

/// The list of the tickets of a state, a part of it.
pub(crate) fn ticket_list(state: &str, shard: u8) -> String {
    format!("TICKET#{state}#{shard:02}")
}

/// The place of a ticket in its list.
pub(crate) fn ticket_due_at(end: &str, case_number: &str) -> String {
    format!("{end}#{case_number}")
}

/// Who is told of changes.
pub(crate) fn subscriber(id: &SubscriberId) -> Key {
    Key::new(subscriber_partition(id), "SUBSCRIBER")
}

/// The partition that holds all there is about a subscriber.
pub(crate) fn subscriber_partition(id: &SubscriberId) -> String {
    format!("SUBSCRIBER#{id}")
}

/// What became of a change on its way to a subscriber.
pub(crate) fn message(id: &SubscriberId, place: String) -> Key {
    Key::new(subscriber_partition(id), place)
}

/// The place of a message among the others: that of its change in the feed.
pub(crate) fn message_place(at: Timestamp, change_id: &str) -> String {
    format!("MESSAGE#{}#{change_id}", sortable_to_the_millisecond(at))
}

/// The list of a subscriber's messages that have failed, or are parked.
pub(crate) fn message_list(state: &str, id: &SubscriberId) -> String {
    format!("MESSAGE#{state}#{id}")
}

/// How far the nightly comparison has come.
pub(crate) fn nights() -> Key {
    Key::new("NIGHTS".to_owned(), "NIGHTS")
}

pub(crate) fn event(id: &str) -> Key {
    Key::new(format!("EVENT#{id}"), "EVENT")
}

/// The partition of PayPal's access tokens; the roles of functions that do
/// not call PayPal deny it by this leading key.
pub(crate) const ACCESS_TOKEN_PARTITION: &str = "PAYPAL_ACCESS_TOKEN";

pub(crate) fn access_token(client_id: &str) -> Key {
    Key::new(ACCESS_TOKEN_PARTITION.to_owned(), client_id)
}

/// A hash (FNV-1a): the same for ever.
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// A shard by hash: the same for ever, spread evenly.
pub(crate) fn shard(id: &str) -> u8 {
    // A remainder of so few always fits.
    u8::try_from((hash(id) >> 32) % u64::from(SHARDS)).unwrap_or(0)
}

/// A moment whose text sorts like the moment: whole seconds, UTC.
pub(crate) fn sortable(at: Timestamp) -> String {
    format!("{at:.0}")
}

/// The same to the millisecond; all are of one length, or they would not sort.
pub(crate) fn sortable_to_the_millisecond(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// The same as [`sortable`], but never earlier than the moment: looked at a fraction of a second
/// before its lease ends, a lock would keep its look waiting for nothing.
pub(crate) fn sortable_not_before(at: Timestamp) -> String {
    let begun = at.subsec_nanosecond() != 0;
    sortable(
        at.saturating_add(Duration::from_secs(begun.into()))
            .unwrap_or(at),
    )
}

pub(crate) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(crate) fn n(number: impl Into<i64>) -> AttributeValue {
    AttributeValue::N(number.into().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_moments_sort_later() {
        let texts = [
            "2026-11-22T10:00:00Z",
            "2026-11-22T10:00:01.5Z",
            "2026-11-22T10:00:02Z",
            "2026-12-01T00:00:00Z",
        ]
        .map(|text| sortable(text.parse().unwrap()));
        assert!(texts.is_sorted(), "{texts:?}");
    }

    #[test]
    fn later_milliseconds_sort_later() {
        let texts = [
            "2026-11-22T10:00:00Z",
            "2026-11-22T10:00:00.001Z",
            "2026-11-22T10:00:00.01Z",
            "2026-11-22T10:00:00.1Z",
            "2026-11-22T10:00:01Z",
        ]
        .map(|text| sortable_to_the_millisecond(text.parse().unwrap()));
        assert!(texts.is_sorted(), "{texts:?}");
    }

    #[test]
    fn a_lease_ends_no_earlier_in_the_index_than_on_the_ticket() {
        let text = |at: &str| sortable_not_before(at.parse().unwrap());
        assert_eq!(text("2026-11-22T10:00:00Z"), "2026-11-22T10:00:00Z");
        assert_eq!(text("2026-11-22T10:00:00.001Z"), "2026-11-22T10:00:01Z");
        assert_eq!(text("2026-11-22T10:00:59.999Z"), "2026-11-22T10:01:00Z");
    }

    /// What is in the table is found under it.
    #[test]
    fn a_shard_stays_the_same_for_ever() {
        let shards = ["aaaaaaaaaaaaaaaaaaaaaaaaaa", "3C679366HH908993F", ""].map(shard);
        assert_eq!(shards, [3, 0, 0]);
    }

    #[test]
    fn attempts_spread_over_all_shards() {
        let used: std::collections::BTreeSet<u8> = (0..400_u128)
            .map(|bits| shard(AttemptId::from_random(bits << 60).as_str()))
            .collect();
        assert_eq!(used.len(), usize::from(SHARDS));
    }
}
