//! The table of one test.

use std::sync::atomic::{AtomicU32, Ordering};

use local::template::{TEXT, Template};
use local::{Vars, table};
use tokio::net::TcpListener;

/// Where a city's table is.
pub(crate) struct Engine {
    pub(crate) endpoint: String,
    pub(crate) table: String,
}

static TABLES: AtomicU32 = AtomicU32::new(0);

/// An empty table: in an engine of its own, or under a name of its own at
/// `DYNAMODB_URL`.
pub(crate) async fn start() -> Engine {
    let number = TABLES.fetch_add(1, Ordering::Relaxed);
    let table = format!("journey-{}-{number}", std::process::id());
    let endpoint = if let Ok(url) = std::env::var("DYNAMODB_URL") {
        url
    } else {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the port's number");
        let serving = table::serve(listener, None).expect("an engine in memory");
        tokio::spawn(serving);
        format!("http://{address}")
    };
    let template = Template::parse(TEXT).expect("template.yaml");
    let vars: Vars = std::sync::Arc::new(|_| None);
    let client = table::client(&vars, &endpoint).expect("TLS");
    table::create_where_missing(&client, &table, &template.table, &endpoint)
        .await
        .expect("a new table");
    Engine { endpoint, table }
}
