//! A table for one test: the embedded engine, with a client that can be told to
//! get no answer any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Region;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use https::Https;
use store::Store;
use ticket::Municipality;

/// The table's name.
pub(crate) const TABLE: &str = "knoellchen";

/// The city of every test.
pub(crate) const MUNICIPALITY: &str = "07312000";

/// How long a slow call takes to fail: just below the client's time-out.
const SLOWLY: Duration = Duration::from_millis(900);

/// A table with the city's configuration in it.
pub(crate) struct Table {
    endpoint: String,
    weather: Weather,
}

/// What the client meets.
#[derive(Clone, Debug)]
struct Weather {
    calls_left: Arc<AtomicUsize>,
    is_slow: Arc<AtomicBool>,
}

impl Table {
    /// Starts the engine and makes the table.
    pub(crate) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let database = dynoxide::Database::memory().unwrap();
        tokio::spawn(dynoxide::server::serve_on(listener, database));
        let table = Self {
            endpoint,
            weather: Weather {
                calls_left: Arc::new(AtomicUsize::new(usize::MAX)),
                is_slow: Arc::new(AtomicBool::new(false)),
            },
        };
        table.create().await;
        let city = include_str!("../../../../infra/local/kaiserslautern.json");
        let city: Municipality = serde_json::from_str(city).unwrap();
        table
            .store()
            .put_municipality(&city, "tests", jiff::Timestamp::UNIX_EPOCH)
            .await
            .unwrap();
        table
    }

    /// The store on this table.
    pub(crate) fn store(&self) -> Store {
        Store::new(self.client(), TABLE.to_owned(), MUNICIPALITY.to_owned())
    }

    /// After this many more calls the engine is down.
    pub(crate) fn answers_only(&self, calls: usize) {
        self.weather.calls_left.store(calls, Ordering::SeqCst);
    }

    /// How many calls have been made since [`Table::answers_only`] allowed so many.
    pub(crate) fn calls_made_of(&self, calls: usize) -> usize {
        calls - self.weather.calls_left.load(Ordering::SeqCst)
    }

    /// From now on every call fails, after a while.
    pub(crate) fn fails_slowly(&self) {
        self.weather.is_slow.store(true, Ordering::SeqCst);
    }

    fn client(&self) -> Client {
        let http = CountingClient {
            inner: SharedHttpClient::new(Https::from_vars(&|_| None).unwrap()),
            weather: self.weather.clone(),
        };
        let config = Store::config(&|_| None)
            .unwrap()
            // A test that waits between tries would be slow, and prove no more.
            .retry_config(RetryConfig::disabled())
            .region(Region::new("local"))
            .credentials_provider(Credentials::from_keys("local", "local", None))
            .endpoint_url(&self.endpoint)
            .http_client(http);
        Client::from_conf(config.build())
    }

    async fn create(&self) {
        let key = |name: &str, kind| {
            KeySchemaElement::builder()
                .attribute_name(name)
                .key_type(kind)
                .build()
                .unwrap()
        };
        let attribute = |name: &str| {
            AttributeDefinition::builder()
                .attribute_name(name)
                .attribute_type(ScalarAttributeType::S)
                .build()
                .unwrap()
        };
        self.client()
            .create_table()
            .table_name(TABLE)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(attribute("pk"))
            .attribute_definitions(attribute("sk"))
            .key_schema(key("pk", KeyType::Hash))
            .key_schema(key("sk", KeyType::Range))
            .send()
            .await
            .unwrap();
    }
}

/// Lets so many calls through, as the weather is.
#[derive(Debug)]
struct CountingClient {
    inner: SharedHttpClient,
    weather: Weather,
}

impl HttpClient for CountingClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(CountingConnector {
            inner: self.inner.http_connector(settings, components),
            weather: self.weather.clone(),
        })
    }
}

#[derive(Debug)]
struct CountingConnector {
    inner: SharedHttpConnector,
    weather: Weather,
}

impl HttpConnector for CountingConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let down = || Err(ConnectorError::io("the table is down".into()));
        let take = |left: usize| left.checked_sub(1);
        let calls_left = &self.weather.calls_left;
        let is_answered = calls_left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, take)
            .is_ok();
        if self.weather.is_slow.load(Ordering::SeqCst) {
            HttpConnectorFuture::new(async move {
                tokio::time::sleep(SLOWLY).await;
                down()
            })
        } else if is_answered {
            self.inner.call(request)
        } else {
            HttpConnectorFuture::ready(down())
        }
    }
}
