//! The table: the embedded DynamoDB called directly, with a memory of what it
//! held before, since a lagging index and a restored table show the past.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use std::time::Duration;

use dynoxide::Database;
use dynoxide::errors::DynoxideError;
use jiff::Timestamp;
use local::template::{KeySchema, TEXT, Template};
use serde_json::{Value, json};
use tokio::time::Instant;

/// The table's name, and that of the table it is restored into.
pub(crate) const TABLE: &str = "simulated";
pub(crate) const RESTORED_TABLE: &str = "simulated-restored";
/// `DynamoDB` restores each item as it was at some moment of so long before.
const TORN: Duration = Duration::from_mins(1);

/// An attribute that no release has yet.
const NEWER: &str = "newer_than_this_code";

/// Seeds that leave this rest, divided by eight, run beside newer code.
pub(crate) const NEWER_SEED: u64 = 5;

/// An item's key.
pub(crate) type Key = (String, String);

/// What DynamoDB answers: a status and a JSON body.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
}

impl Answer {
    /// DynamoDB's error of this type.
    pub(crate) fn error(status: u16, kind: &str) -> Self {
        let body = json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": "a fault of the simulation" });
        Self {
            status,
            body: body.to_string(),
        }
    }

    /// A transaction cancelled for this reason in its first step.
    pub(crate) fn cancelled(code: &str, steps: usize) -> Self {
        let reasons: Vec<Value> = (0..steps.max(1))
            .map(|step| json!({ "Code": if step == 0 { code } else { "None" } }))
            .collect();
        let body = json!({
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{code}]"),
            "CancellationReasons": reasons,
        });
        Self {
            status: 400,
            body: body.to_string(),
        }
    }
}

/// An item as it was before a write.
struct Before {
    at: Instant,
    key: Key,
    image: Option<Value>,
}

/// What makes the table; read out of the template once.
static DEFINITION: OnceLock<String> = OnceLock::new();

/// The table.
pub(crate) struct Engine {
    name: &'static str,
    database: Database,
    /// What the table holds, read anew after each write: the laws look at it far
    /// more often than the table could be asked.
    items: BTreeMap<Key, Value>,
    log: Vec<Before>,
    /// F14: another function's code is newer, and writes more than this one knows.
    newer: bool,
}

impl Engine {
    /// An empty table, as `template.yaml` defines it.
    pub(crate) fn new(newer: bool) -> Self {
        Self {
            newer,
            ..Self::named(TABLE)
        }
    }

    fn named(name: &'static str) -> Self {
        let database = Database::memory().expect("an engine in memory");
        let definition = DEFINITION.get_or_init(definition);
        let definition = definition.replace(&in_a_request(TABLE), &in_a_request(name));
        let request = serde_json::from_str(&definition).expect("a definition");
        database.create_table(request).expect("a new table");
        Self {
            name,
            database,
            items: BTreeMap::new(),
            log: Vec::new(),
            newer: false,
        }
    }

    /// Does what a request asks for.
    pub(crate) fn execute(&mut self, operation: &str, body: &str, at: Instant) -> Answer {
        let answer = match self.dispatch(operation, body) {
            Ok(body) => Answer { status: 200, body },
            Err(error) => Answer {
                status: error.status_code(),
                body: error.to_json(),
            },
        };
        if answer.status == 200 {
            for key in written_keys(operation, body) {
                let image = self.remember(&key);
                if self.newer && image.is_none() {
                    self.say_more(&key);
                }
                self.log.push(Before { at, key, image });
            }
        }
        answer
    }

    /// Reads an item that was written, and returns what it was before.
    fn remember(&mut self, key: &Key) -> Option<Value> {
        let request = json!({ "TableName": self.name, "Key": { "pk": {"S": key.0}, "sk": {"S": key.1} }, "ConsistentRead": true });
        let body = self
            .dispatch("GetItem", &request.to_string())
            .expect("a read");
        let mut answer: Value = serde_json::from_str(&body).expect("JSON");
        match answer.get_mut("Item").map(Value::take) {
            Some(item) => self.items.insert(key.clone(), item),
            None => self.items.remove(key),
        }
    }

    /// A new ticket or attempt was written by newer code.
    fn say_more(&mut self, key: &Key) {
        let item = self.item(key);
        if let Some(mut item) = item.filter(|_| ["TICKET", "ATTEMPT"].contains(&key.1.as_str())) {
            item[NEWER] = json!({ "S": "a newer release knows what this is" });
            self.restore(key, Some(&item));
        }
    }

    /// Tickets and attempts that have lost what newer code had written.
    pub(crate) fn lost(&self) -> Vec<&Key> {
        let items = self.items.iter().filter(|((_, sk), item)| {
            // What nobody can read was put there by the story.
            ["TICKET", "ATTEMPT"].contains(&sk.as_str())
                && item.get("case_number").is_some()
                && item.get(NEWER).is_none()
        });
        let lost = items.filter(|_| self.newer);
        lost.map(|(key, _)| key).collect()
    }

    fn dispatch(&self, operation: &str, body: &str) -> Result<String, DynoxideError> {
        fn read<T: serde::de::DeserializeOwned>(body: &str) -> Result<T, DynoxideError> {
            serde_json::from_str(body)
                .map_err(|error| DynoxideError::SerializationException(error.to_string()))
        }
        fn write<T: serde::Serialize>(answer: &T) -> String {
            serde_json::to_string(answer).expect("an answer")
        }
        let database = &self.database;
        Ok(match operation {
            "GetItem" => write(&database.get_item(read(body)?)?),
            "PutItem" => write(&database.put_item(read(body)?)?),
            "UpdateItem" => write(&database.update_item(read(body)?)?),
            "DeleteItem" => write(&database.delete_item(read(body)?)?),
            "Query" => write(&database.query(read(body)?)?),
            "TransactWriteItems" => write(&database.transact_write_items(read(body)?)?),
            other => panic!("the simulation does not know {other}"),
        })
    }

    /// The item under a key, as DynamoDB's JSON.
    pub(crate) fn item(&self, key: &Key) -> Option<Value> {
        self.items.get(key).cloned()
    }

    /// All items of a partition.
    pub(crate) fn partition(&self, pk: &str) -> impl Iterator<Item = &Value> {
        self.items
            .range((pk.to_owned(), String::new())..)
            .take_while(move |((its_pk, _), _)| its_pk == pk)
            .map(|(_, item)| item)
    }

    /// Every item.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Value> {
        self.items.values()
    }

    /// Whether something waits for the sweep at this moment; lists are nothing to it.
    pub(crate) fn is_any_due(&self, now: Timestamp) -> bool {
        self.all().any(|item| {
            waits_for_a_sweep(item)
                && item["due_at"]["S"]
                    .as_str()
                    .and_then(|at| at.parse::<Timestamp>().ok())
                    .is_some_and(|at| at <= now)
        })
    }

    /// The attempts and refunds that an index may show which is as old as `then`.
    pub(crate) fn open_attempts_since(&self, then: Instant) -> BTreeSet<String> {
        let past = self.changed_since(then);
        let past = past.values().flatten();
        let open = self.all().chain(past);
        let open = open.filter(|item| waits_for_a_sweep(item));
        open.map(|item| format!("{:?}", key_of(item))).collect()
    }

    /// How many writes there were.
    pub(crate) fn writes(&self) -> usize {
        self.log.len()
    }

    /// What an eventually consistent read shows that is as old as `then`.
    pub(crate) fn stale(&self, operation: &str, body: &str, then: Instant) -> Answer {
        let request: Value = serde_json::from_str(body).expect("a request");
        let past = self.changed_since(then);
        let body = match operation {
            "GetItem" => {
                let key = key_of(&request["Key"]);
                match past.get(&key) {
                    Some(Some(image)) => json!({ "Item": image }),
                    Some(None) => json!({}),
                    None => self
                        .item(&key)
                        .map_or(json!({}), |item| json!({ "Item": item })),
                }
            }
            "Query" => {
                let values = &request["ExpressionAttributeValues"];
                let now = self.dispatch(operation, body).expect("a read");
                let mut now: Value = serde_json::from_str(&now).expect("JSON");
                let mut items: Vec<Value> = match now["Items"].take() {
                    Value::Array(items) => items,
                    _ => Vec::new(),
                };
                items.retain(|item| !past.contains_key(&key_of(item)));
                items.extend(past.into_values().flatten().filter(|image| {
                    image["shard"]["S"] == values[":shard"]["S"]
                        && image["due_at"]["S"].as_str() <= values[":now"]["S"].as_str()
                        && image["due_at"]["S"].is_string()
                }));
                items.sort_by_key(|item| item["due_at"]["S"].as_str().map(str::to_owned));
                json!({ "Count": items.len(), "ScannedCount": items.len(), "Items": items })
            }
            other => panic!("{other} is never eventually consistent here"),
        };
        Answer {
            status: 200,
            body: body.to_string(),
        }
    }

    /// The items that have changed since, as they were then.
    pub(crate) fn changed_since(&self, then: Instant) -> BTreeMap<Key, Option<Value>> {
        let mut past = BTreeMap::new();
        for before in self.log.iter().rev().take_while(|before| before.at > then) {
            past.insert(before.key.clone(), before.image.clone());
        }
        past
    }

    /// Whether a request is meant for this table.
    pub(crate) fn is_asked(&self, body: &str) -> bool {
        body.contains(&in_a_request(self.name))
    }

    /// A new table that holds what this one held `at` a moment, torn: of an item
    /// that changed in the last minute before, `choose` takes one of its images.
    /// The first way is the latest.
    pub(crate) fn restored(
        &self,
        at: Instant,
        choose: &mut dyn FnMut(&Key, usize) -> usize,
    ) -> Self {
        let begins = at.checked_sub(TORN).unwrap_or(at);
        let mut writes: BTreeMap<&Key, Vec<&Before>> = BTreeMap::new();
        for before in self.log.iter().filter(|before| before.at > begins) {
            writes.entry(&before.key).or_default().push(before);
        }
        let mut images = self.items.clone();
        for (key, writes) in writes {
            let mut ways: Vec<Option<&Value>> = vec![writes[0].image.as_ref()];
            for (number, _) in writes.iter().enumerate().filter(|(_, it)| it.at <= at) {
                let next = writes.get(number + 1);
                ways.push(next.map_or_else(|| self.items.get(key), |it| it.image.as_ref()));
            }
            ways.dedup();
            ways.reverse();
            match ways[choose(key, ways.len())] {
                Some(image) => drop(images.insert(key.clone(), image.clone())),
                None => drop(images.remove(key)),
            }
        }
        let mut restored = Self::named(RESTORED_TABLE);
        restored.newer = self.newer;
        for (key, image) in &images {
            restored.restore(key, Some(image));
        }
        restored
    }

    /// The items of the last write, as they were before it.
    pub(crate) fn last_write(&self, keys: usize) -> Vec<(Key, Option<Value>)> {
        let begin = self.log.len().saturating_sub(keys);
        let before = self.log[begin..].iter();
        before
            .map(|before| (before.key.clone(), before.image.clone()))
            .collect()
    }

    /// Puts an item there, or takes it away, as nobody's write: a restore.
    pub(crate) fn restore(&mut self, key: &Key, image: Option<&Value>) {
        let (operation, request) = match image {
            Some(item) => ("PutItem", json!({ "TableName": self.name, "Item": item })),
            None => (
                "DeleteItem",
                json!({ "TableName": self.name, "Key": { "pk": {"S": key.0}, "sk": {"S": key.1} } }),
            ),
        };
        self.dispatch(operation, &request.to_string())
            .expect("a write");
        self.remember(key);
    }
}

fn in_a_request(table: &str) -> String {
    format!("\"TableName\":\"{table}\"")
}

/// Whether an item is in one of the partitions that a sweep reads: the index has lists
/// for the office, too.
fn waits_for_a_sweep(item: &Value) -> bool {
    let queues = ["LIKELY#", "NEW#", "OPEN#", "REFUND#approved"];
    let shard = item["shard"]["S"].as_str();
    shard.is_some_and(|shard| queues.iter().any(|queue| shard.starts_with(queue)))
}

/// The key of an item or of a `Key`.
pub(crate) fn key_of(item: &Value) -> Key {
    let text = |name: &str| item[name]["S"].as_str().unwrap_or_default().to_owned();
    (text("pk"), text("sk"))
}

/// The keys a request writes when it succeeds.
pub(crate) fn written_keys(operation: &str, body: &str) -> Vec<Key> {
    let steps = |request: &Value| {
        let steps = request["TransactItems"].as_array().cloned();
        steps.unwrap_or_default()
    };
    match operation {
        "PutItem" => {
            let request: Value = serde_json::from_str(body).expect("a request");
            vec![key_of(&request["Item"])]
        }
        "UpdateItem" | "DeleteItem" => {
            let request: Value = serde_json::from_str(body).expect("a request");
            vec![key_of(&request["Key"])]
        }
        "TransactWriteItems" => {
            let request: Value = serde_json::from_str(body).expect("a request");
            steps(&request)
                .iter()
                .filter_map(|step| {
                    if let Some(put) = step.get("Put") {
                        Some(key_of(&put["Item"]))
                    } else {
                        step.get("Update").map(|update| key_of(&update["Key"]))
                    }
                })
                .collect()
        }
        _ => Vec::new(),
    }
}

fn definition() -> String {
    let template = Template::parse(TEXT).expect("template.yaml");
    let table = template.table;
    let keys = |key: &KeySchema| {
        json!([
            { "AttributeName": key.hash, "KeyType": "HASH" },
            { "AttributeName": key.range, "KeyType": "RANGE" },
        ])
    };
    let attributes: Vec<Value> = table
        .attributes
        .iter()
        .map(|(name, kind)| json!({ "AttributeName": name, "AttributeType": kind }))
        .collect();
    let indexes: Vec<Value> = table
        .indexes
        .iter()
        .map(|index| {
            json!({
                "IndexName": index.name,
                "KeySchema": keys(&index.key),
                "Projection": { "ProjectionType": index.projection },
            })
        })
        .collect();
    json!({
        "TableName": TABLE,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": keys(&table.key),
        "AttributeDefinitions": attributes,
        "GlobalSecondaryIndexes": indexes,
    })
    .to_string()
}
