//! A table is restored: what a backup of it brings back, whole or torn.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use reconcile_payments::Answer;
use settle::Reconciled;
use settle::sweep::SWEEP_TIME;
use tokio::time::Instant;

use crate::City;
use crate::events::event;

type Item = HashMap<String, AttributeValue>;

/// Every item of a table at one moment, by its key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Backup(BTreeMap<(String, String), Item>);

impl Backup {
    /// The keys that a later backup has anew or with other content.
    #[must_use]
    pub fn changed_until(&self, later: &Self) -> Vec<(String, String)> {
        let changed = later
            .0
            .iter()
            .filter(|(key, item)| self.0.get(*key) != Some(item));
        changed.map(|(key, _)| key.clone()).collect()
    }

    /// This backup, but with these items as a later one has them.
    #[must_use]
    pub fn with(&self, later: &Self, keys: &[(String, String)]) -> Self {
        let mut torn = self.clone();
        for key in keys {
            torn.0.insert(key.clone(), later.0[key].clone());
        }
        torn
    }

    /// This backup, but with one attribute of the items of this sort missing.
    #[must_use]
    pub fn without(&self, sort_key: &str, attribute: &str) -> Self {
        let mut torn = self.clone();
        for ((_, sk), item) in &mut torn.0 {
            if sk == sort_key {
                item.remove(attribute);
            }
        }
        torn
    }

    /// This backup, but with one attribute of the items whose sort key begins so saying
    /// something else.
    #[must_use]
    pub fn saying(&self, sort_key: &str, attribute: &str, text: &str) -> Self {
        let mut other = self.clone();
        for ((_, sk), item) in &mut other.0 {
            if sk.starts_with(sort_key) {
                let text = AttributeValue::S(text.to_owned());
                item.insert(attribute.to_owned(), text);
            }
        }
        other
    }

    /// How many partitions' items have a key that begins so.
    #[must_use]
    pub fn count(&self, partition: &str, sort_key: &str) -> usize {
        let keys = self.0.keys();
        keys.filter(|(pk, sk)| pk.starts_with(partition) && sk.contains(sort_key))
            .count()
    }
}

impl City {
    /// Every item of the table.
    pub async fn backup(&self) -> Backup {
        let pages = self
            .table_client()
            .scan()
            .table_name(&self.vars["TABLE_NAME"]);
        let items = pages.into_paginator().items().send();
        let items = items
            .collect::<Result<Vec<Item>, _>>()
            .await
            .expect("a table");
        let text = |value: &AttributeValue| value.as_s().expect("text").clone();
        let keyed = items.into_iter();
        Backup(
            keyed
                .map(|item| ((text(&item["pk"]), text(&item["sk"])), item))
                .collect(),
        )
    }

    /// The table becomes what the backup says.
    pub async fn restore(&self, backup: &Backup) {
        let (client, table) = (self.table_client(), &self.vars["TABLE_NAME"]);
        for (pk, sk) in self.backup().await.0.into_keys() {
            let gone = client.delete_item().table_name(table);
            let gone = gone.key("pk", AttributeValue::S(pk));
            let gone = gone.key("sk", AttributeValue::S(sk)).send().await;
            gone.expect("a table");
        }
        for item in backup.0.values() {
            let put = client.put_item().table_name(table);
            let put = put.set_item(Some(item.clone())).send().await;
            put.expect("a table");
        }
    }

    /// Somebody who restores the table has PayPal's books held against it.
    pub async fn reconcile(&self, from: Timestamp) -> Reconciled {
        self.reconcile_until(from, Instant::now() + SWEEP_TIME)
            .await
    }

    /// The same with less time.
    pub async fn reconcile_until(&self, from: Timestamp, until: Instant) -> Reconciled {
        let fill = [
            ("FROM", &*from.to_string()),
            ("TO", &*self.now().to_string()),
        ];
        let event = event("table-is-restored", &fill);
        let clock = || self.now();
        let answer = reconcile_payments::answer(
            &self.functions.reconcile_payments,
            &serde_json::from_str(&event).expect("JSON"),
            &clock,
            until,
        )
        .await;
        match answer.expect("an event") {
            Answer::Reconciled(reconciled) => reconciled,
            Answer::Swept(sweep) => panic!("{sweep:?}"),
        }
    }
}
