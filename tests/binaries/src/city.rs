//! What the functions stand between: a table, a PayPal, a parameter store.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use local::template::{Node, Setting, TEXT, Template};
use local::token_keys::TokenKeys;
use local::{Vars, city_variables, table};
use paypal_standin::{Settings, Standin};
use serde_json::json;
use store::Store;
use ticket::Municipality;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::lambda::Lambda;
use crate::parameter_store;
use crate::tls::Tls;

/// The variables of one process.
pub type Variables = BTreeMap<String, String>;

/// Who is told of changes, and cannot be.
pub const SUBSCRIBER: &str = "city";

/// Variables of the template without which a function starts all the same.
pub const OPTIONAL: [&str; 9] = [
    "APPLIED_AT",
    "CAPTURES",
    "METRICS_NAMESPACE",
    "PAYPAL_CALLS_PER_SECOND",
    "PAYPAL_CERTIFICATES_REVOKED",
    "PAYPAL_ORDER_HOURS",
    "PAYPAL_WEBHOOK_ANCHORS_PARAMETER",
    "PAYPAL_WEBHOOK_POSTBACK",
    "SUBSCRIBERS_PARAMETER",
];

/// Variables that neither the template nor Lambda sets: where in a test the
/// table and the parameter store are.
pub const OWN_VARIABLES_OF_A_TEST: [&str; 2] =
    ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_SSM"];

const CREDENTIALS: &str = "/knoellchen/paypal/credentials";
const SIGNING_KEY: &str = "/knoellchen/token/signing-key";
const ANCHORS: &str = "/knoellchen/paypal/anchors";
const SUBSCRIBERS: &str = "/knoellchen/subscribers";

/// Made up; it must never appear in a log.
const CLIENT_SECRET: &str = "kanarien-client-secret";
const SUBSCRIBER_SECRET: &str = "whsec_S2FuYXJpZW4tc3Vic2NyaWJlci1zZWNyZXQ=";
const SESSION_TOKEN: &str = "kanarien-session-token";
const SECRET_ACCESS_KEY: &str = "kanarien-secret-access-key";

/// A city whose functions are processes.
pub struct City {
    /// PayPal, with its books.
    pub standin: Arc<Standin>,
    /// The table.
    pub store: Store,
    /// What must never be in a log, by what it is.
    pub secrets: BTreeMap<&'static str, String>,
    template: Template,
    values: BTreeMap<&'static str, String>,
    serving: Vec<JoinHandle<()>>,
    /// Its certificate must be there as long as anybody starts.
    tls: Option<Tls>,
}

impl Drop for City {
    fn drop(&mut self) {
        for task in &self.serving {
            task.abort();
        }
    }
}

impl City {
    /// A city with an empty table. `clock` is the stand-in's; the functions'
    /// own is the machine's.
    pub async fn new(clock: paypal_standin::Clock) -> Self {
        // Its name leads to this machine: nothing may ever be sent to it.
        Self::behind(None, "https://localhost/", clock).await
    }

    /// The same, whose table, PayPal and parameter store the functions come to by TLS, as
    /// in the cloud, and whose changes are told to `subscriber`.
    pub async fn over_tls(subscriber: &str, clock: paypal_standin::Clock) -> Self {
        Self::behind(Some(Tls::new()), subscriber, clock).await
    }

    async fn behind(tls: Option<Tls>, subscriber: &str, clock: paypal_standin::Clock) -> Self {
        let template = Template::parse(TEXT).unwrap();
        let mut serving = Vec::new();

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let dynamodb = listener.local_addr().unwrap();
        serving.push(tokio::spawn(table::serve(listener, None).unwrap()));
        let dynamodb_url = before(tls.as_ref(), dynamodb, &mut serving).await;
        let nothing: Vars = Arc::new(|_| None);
        let client = table::client(&nothing, &format!("http://{dynamodb}")).unwrap();
        let name = "tickets";
        table::create_where_missing(&client, name, &template.table, &dynamodb_url)
            .await
            .unwrap();
        let city: Municipality =
            serde_json::from_str(include_str!("../../../infra/local/kaiserslautern.json")).unwrap();
        let store = Store::new(client, name.to_owned(), city.id.clone());
        store
            .put_municipality(&city, "tests", crate::now())
            .await
            .unwrap();

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let paypal = listener.local_addr().unwrap();
        let paypal_url = before(tls.as_ref(), paypal, &mut serving).await;
        let settings = Settings {
            client_secret: CLIENT_SECRET.to_owned(),
            // Events are handed over by the test, as API Gateway would.
            ..Settings::of_nobody(paypal_url)
        };
        let standin = Arc::new(Standin::new(settings.clone(), clock, 1).unwrap());
        let router = Arc::clone(&standin).router();
        serving.push(tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        }));

        let keys = TokenKeys::of(None).unwrap();
        let credentials =
            json!({ "client_id": settings.client_id, "client_secret": CLIENT_SECRET });
        let subscribers = json!([{
            "id": SUBSCRIBER, "url": subscriber, "secrets": [SUBSCRIBER_SECRET],
        }]);
        let parameters = BTreeMap::from([
            (CREDENTIALS.to_owned(), credentials.to_string()),
            (SIGNING_KEY.to_owned(), keys.signing_key_pem.clone()),
            (ANCHORS.to_owned(), standin.anchors_pem()),
            (SUBSCRIBERS.to_owned(), subscribers.to_string()),
        ]);
        let (ssm, ssm_serving) = parameter_store::serve(parameters).await;
        serving.push(ssm_serving);
        let ssm_url = before(tls.as_ref(), ssm, &mut serving).await;

        let key_body = keys.signing_key_pem.lines().nth(1).unwrap_or_default();
        let secrets = BTreeMap::from([
            ("the client secret", CLIENT_SECRET.to_owned()),
            ("the role's session token", SESSION_TOKEN.to_owned()),
            ("the role's key", SECRET_ACCESS_KEY.to_owned()),
            ("the signing key", key_body.to_owned()),
            ("a subscriber's secret", SUBSCRIBER_SECRET.to_owned()),
        ]);
        let mut values = city_variables::city(name, &city.id, "https://pay.example.de", &keys);
        values.extend(city_variables::paypal(&settings, Path::new("")));
        // In the cloud secrets are parameters.
        for name in [
            "TOKEN_SIGNING_KEY",
            "PAYPAL_CLIENT_ID",
            "PAYPAL_CLIENT_SECRET",
            "PAYPAL_WEBHOOK_ANCHORS",
        ] {
            values.remove(name);
        }
        values.extend([
            ("TOKEN_SIGNING_KEY_PARAMETER", SIGNING_KEY.to_owned()),
            ("PAYPAL_CREDENTIALS_PARAMETER", CREDENTIALS.to_owned()),
            ("PAYPAL_WEBHOOK_ANCHORS_PARAMETER", ANCHORS.to_owned()),
            ("SUBSCRIBERS_PARAMETER", SUBSCRIBERS.to_owned()),
            ("PAYPAL_CERTIFICATES_REVOKED", String::new()),
            ("PAYPAL_WEBHOOK_POSTBACK", "off".to_owned()),
            ("PAYPAL_ORDER_HOURS", "12".to_owned()),
            ("PAYPAL_CALLS_PER_SECOND", "2".to_owned()),
            ("CAPTURES", "open".to_owned()),
            ("APPLIED_AT", "never".to_owned()),
            ("METRICS_NAMESPACE", "knoellchen/test".to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb_url),
            ("AWS_ENDPOINT_URL_SSM", ssm_url),
        ]);
        Self {
            standin,
            store,
            secrets,
            template,
            values,
            serving,
            tls,
        }
    }

    /// The variables that `template.yaml` gives this function, by name.
    #[must_use]
    pub fn names(&self, function: &str) -> Vec<String> {
        let variables = &self.of_template(function).variables;
        variables.keys().cloned().collect()
    }

    /// What the function's process gets: from the template, from Lambda, and
    /// where the table and the parameter store are.
    #[must_use]
    pub fn variables(&self, function: &str) -> Variables {
        let mut variables = of_the_platform();
        for (name, setting) in &self.of_template(function).variables {
            let value = match setting {
                Setting::Literal(text) => text,
                Setting::Parameter(_) | Setting::Deployed => self
                    .values
                    .get(name.as_str())
                    .unwrap_or_else(|| panic!("template.yaml sets {name}: give it a value here")),
            };
            variables.insert(name.clone(), value.clone());
        }
        for name in OWN_VARIABLES_OF_A_TEST {
            variables.insert(name.to_owned(), self.values[name].clone());
        }
        if let Some(tls) = &self.tls {
            variables.insert("SSL_CERT_FILE".to_owned(), tls.roots());
        }
        variables
    }

    /// Starts a function.
    pub async fn start(&self, function: &str) -> Lambda {
        self.start_with(function, &self.variables(function)).await
    }

    /// Starts a function with other variables.
    pub async fn start_with(&self, function: &str, variables: &Variables) -> Lambda {
        let timeout = self.of_template(function).timeout;
        Lambda::start(function, variables, timeout).await
    }

    /// PayPal's access token, as the functions share it through the table.
    pub async fn access_token(&self) -> String {
        let client_id = Settings::of_nobody(String::new()).client_id;
        let stored = self.store.access_token(&client_id).await.unwrap();
        stored.unwrap().secret
    }

    fn of_template(&self, function: &str) -> &local::template::Function {
        let mut functions = self.template.functions.iter();
        functions.find(|found| found.name == function).unwrap()
    }
}

/// Where the server at `address` is come to.
async fn before(
    tls: Option<&Tls>,
    address: SocketAddr,
    serving: &mut Vec<JoinHandle<()>>,
) -> String {
    let Some(tls) = tls else {
        return format!("http://{address}");
    };
    let (front, task) = tls.before(address).await;
    serving.push(task);
    format!("https://{front}")
}

/// What Lambda sets.
///
/// Source: AWS Lambda developer guide, "Defined runtime environment variables".
fn of_the_platform() -> Variables {
    let logging = |key: &str| {
        let template = Node::parse(TEXT).unwrap();
        let node = template.get(&format!("Globals.Function.LoggingConfig.{key}"));
        node.unwrap().text().unwrap()
    };
    [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_DEFAULT_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY),
        ("AWS_SESSION_TOKEN", SESSION_TOKEN),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_FORMAT", &logging("LogFormat")),
        ("AWS_LAMBDA_LOG_LEVEL", &logging("ApplicationLogLevel")),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/knoellchen/test"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "test"),
        ("LAMBDA_TASK_ROOT", "/var/task"),
        ("LANG", "en_US.UTF-8"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("TZ", ":UTC"),
        ("_HANDLER", "bootstrap"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}
