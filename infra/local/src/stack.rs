//! The whole stack in one process.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use axum::Router;
use axum::extract::Query;
use axum::response::Json;
use axum::routing::post;
use http::StatusCode;
use paypal_standin::{Settings, Standin};
use reconcile_payments::{Answer, InvalidEvent};
use serde_json::json;
use store::Store;
use tempfile::TempDir;
use ticket::{Captures, Municipality};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::data::{Data, DataError};
use crate::functions::{Compare, LoadError, Loaded, Notify, RunSweep, Sweeps, load};
use crate::gateway::{Endpoint, Gateway, Kind};
use crate::identity::{Identity, IdentityError};
use crate::options::Options;
use crate::samples::{self, Sample, SamplesError};
use crate::table::{self, TableError};
use crate::template::{self, Template, TemplateError, Trigger};
use crate::token_keys::{TokenKeys, TokenKeysError};
use crate::visitor::Visitor;
use crate::{city_variables, configuration, function_variables, server};

/// The city that is there where no other is configured.
const MUNICIPALITY: &str = include_str!("../kaiserslautern.json");

/// The file in `--data DIR` that keeps the stand-in's books.
const BOOKS: &str = "paypal-books.json";

/// How often the city's systems are told on this machine.
const NOTIFY_EVERY: Duration = Duration::from_secs(1);

/// Who has written a city that a stack of this kind has made.
const OURSELVES: &str = "cargo run";

/// The table's name where none is set.
const TABLE_NAME: &str = "knoellchen";

/// Everything `cargo run` starts. It runs until it is dropped.
pub struct Stack {
    /// Where drivers go: `http://127.0.0.1:8080`.
    pub public_url: String,
    /// Where the city goes.
    pub office_url: String,
    /// Where PayPal is: the stand-in, or what `PAYPAL_BASE_URL` says.
    pub paypal_url: String,
    /// Where the table is: the embedded one, or what
    /// `AWS_ENDPOINT_URL_DYNAMODB` says.
    pub dynamodb_url: String,
    /// The table's name.
    pub table_name: String,
    /// The sample tickets.
    pub samples: Vec<Sample>,
    /// Opens every route of the office API.
    pub office_token: String,
    /// The same of somebody else, for what needs two people.
    pub colleague_token: String,
    /// Issues other office tokens.
    pub identity: Identity,
    /// The stand-in for PayPal, unless another is used.
    pub standin: Option<Arc<Standin>>,
    /// The public API, to be asked without a socket.
    pub public: Gateway,
    /// The office API, to be asked without a socket.
    pub office: Gateway,
    /// Runs one sweep over all open attempts.
    pub sweep: RunSweep,
    tasks: JoinSet<()>,
    _anchors: TempDir,
    /// Last, so that nobody takes the directory while something is still written there.
    _data: Option<Data>,
}

/// The stack does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The template lacks something.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A port is taken.
    #[error(
        "{what} cannot listen on 127.0.0.1:{port}: choose another port, like --{what}-port 0 for \
         any free one"
    )]
    Port {
        /// `public`, `office`, `paypal` or `dynamodb`.
        what: &'static str,
        /// The port.
        port: u16,
        /// Why.
        source: std::io::Error,
    },
    /// The directory of `--data` cannot be had.
    #[error(transparent)]
    Data(#[from] DataError),
    /// There is no room for a file that lives as long as the stack.
    #[error("cannot write to {path}")]
    TemporaryFile {
        /// Which.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The table cannot be had.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The table is on another machine.
    #[error(
        "AWS_ENDPOINT_URL_DYNAMODB is {url}: cargo run uses a table of this machine only, like \
         http://127.0.0.1:8000; a real one would be changed by a PayPal that is none"
    )]
    TableElsewhere {
        /// Where.
        url: String,
    },
    /// The stand-in refuses its settings.
    #[error("the stand-in for PayPal does not start")]
    Standin(#[source] paypal_standin::StartError),
    /// There is no key for QR codes.
    #[error(transparent)]
    TokenKeys(#[from] TokenKeysError),
    /// There is no development identity.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A function does not start.
    #[error(transparent)]
    Function(#[from] LoadError),
    /// No function of the template is behind the schedule.
    #[error("template.yaml has no function behind a schedule")]
    NoSweep,
    /// The city's configuration is not there, or cannot be written.
    #[error("the city's configuration cannot be had; `cargo run -p ops -- city put` writes it")]
    Municipality(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The sample tickets cannot be made.
    #[error(transparent)]
    Samples(#[from] SamplesError),
}

impl Stack {
    /// Starts everything and answers when all of it is ready.
    ///
    /// # Errors
    /// When a part does not start; the text says which, and what to do.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let template = Template::parse(template::TEXT)?;
        let held = options.data.as_deref().map(Data::take).transpose()?;
        let data = held.as_ref().map(Data::path);
        let set = |name: &str| set(&options, name);
        let mut tasks = JoinSet::new();
        let (public_listener, public_url) = listen("public", options.public_port).await?;
        let (office_listener, office_url) = listen("office", options.office_port).await?;
        let (client, dynamodb_url) = dynamodb(&options, data, &mut tasks).await?;
        let paypal = PayPal::start(&options, data, &public_url, &mut tasks).await?;

        let table_name = set("TABLE_NAME").unwrap_or_else(|| TABLE_NAME.to_owned());
        let definition = &template.table;
        let is_new =
            table::create_where_missing(&client, &table_name, definition, &dynamodb_url).await?;
        let is_own = is_new || set("AWS_ENDPOINT_URL_DYNAMODB").is_none();
        let now = (options.clock)();
        let (municipality, is_own) = configure_city(client, &table_name, &set, is_own, now).await?;
        let mut local = city_variables::platform(&dynamodb_url);
        local.extend(city_variables::city(
            &table_name,
            &municipality,
            &public_url,
            &TokenKeys::of(data)?,
        ));
        local.extend(paypal.variables);

        let identity = Identity::of(data)?;
        let (public, office, behind) = doors(&template, &local, &options, &identity).await?;
        let BehindSchedules {
            sweeps,
            compare,
            notify,
        } = behind;
        let sweep = Arc::clone(&sweeps.sweep);
        let no_routes = Router::new();
        tasks.spawn(server::serve(public_listener, public.clone(), no_routes));
        let by_hand = by_hand(sweeps, compare).merge(configuration::route(
            &local,
            &options.vars,
            paypal.standin.is_some(),
        ));
        tasks.spawn(server::serve(office_listener, office.clone(), by_hand));

        let now = (options.clock)();
        let office_token = identity.token("local-clerk", &scopes(&template), now)?;
        let colleague_token = identity.token("local-colleague", &scopes(&template), now)?;
        let visitor = Visitor {
            public: &public,
            office: &office,
            standin: paypal.standin.as_deref(),
            office_token: &office_token,
        };
        let told = |name: &str| set(name).or_else(|| local.get(name).cloned());
        // What is wrong there a function has refused to start with.
        let captures = Captures::from_vars(&told).unwrap_or(Captures::Open);
        let samples = if is_own {
            samples::make(&visitor, captures, now).await?
        } else {
            Vec::new()
        };
        if let Some(every) = options.schedule {
            tasks.spawn(sweep_every(every, Arc::clone(&sweep)));
            if let Some(notify) = notify {
                tasks.spawn(notify_every(NOTIFY_EVERY, notify));
            }
        }
        Ok(Self {
            public_url,
            office_url,
            paypal_url: paypal.url,
            dynamodb_url,
            table_name,
            samples,
            office_token,
            colleague_token,
            identity,
            standin: paypal.standin,
            public,
            office,
            sweep,
            tasks,
            _anchors: paypal.anchors,
            _data: held,
        })
    }

    /// The page of the first sample ticket that is open and nothing more.
    #[must_use]
    pub fn ticket_url(&self) -> &str {
        let open = self.samples.iter().find(|sample| sample.standing == "open");
        let sample = open.or(self.samples.first());
        sample.map_or("", |sample| &sample.url)
    }

    /// The sample tickets, a line each, and what a shell can `eval`.
    #[must_use]
    pub fn introduction(&self) -> String {
        let widths = self.samples.iter().map(|sample| sample.standing.len());
        let width = widths.max().unwrap_or_default();
        let line = |sample: &Sample| {
            let (number, standing) = (&sample.case_number, &sample.standing);
            format!("{number}  {standing:<width$}  {}", sample.url)
        };
        let lines: Vec<String> = self.samples.iter().map(line).collect();
        let lines = lines.join("\n");
        let ticket = self.ticket_url();
        let (office, colleague) = (&self.office_token, &self.colleague_token);
        format!("{lines}\n\nTICKET={ticket}\nOFFICE_TOKEN={office}\nCOLLEAGUE_TOKEN={colleague}\n")
    }

    /// The line that says where everything is, and that it is there.
    #[must_use]
    pub fn ready_line(&self) -> String {
        format!(
            "ready public={} office={} paypal={} dynamodb={} ticket={} office_token={}",
            self.public_url,
            self.office_url,
            self.paypal_url,
            self.dynamodb_url,
            self.ticket_url(),
            self.office_token,
        )
    }

    /// Ends every server of this stack and waits until they are gone.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

/// The table's engine: the embedded one, unless a variable names another.
async fn dynamodb(
    options: &Options,
    data: Option<&Path>,
    tasks: &mut JoinSet<()>,
) -> Result<(Client, String), StartError> {
    let url = if let Some(url) = set(options, "AWS_ENDPOINT_URL_DYNAMODB") {
        if !is_on_this_machine(&url) {
            return Err(StartError::TableElsewhere { url });
        }
        url
    } else {
        let (listener, url) = listen("dynamodb", options.dynamodb_port).await?;
        tasks.spawn(table::serve(listener, data)?);
        url
    };
    Ok((table::client(&options.vars, &url)?, url))
}

/// A real table is not for a stack with known keys, a PayPal that anybody may tell what to
/// say and a sweep that believes it.
fn is_on_this_machine(url: &str) -> bool {
    let host = url.parse::<http::Uri>();
    let host = host.as_ref().ok().and_then(http::Uri::host);
    matches!(host, Some("127.0.0.1" | "localhost" | "[::1]"))
}

/// Where PayPal is, and what the functions are told of it.
struct PayPal {
    url: String,
    standin: Option<Arc<Standin>>,
    variables: city_variables::Variables,
    anchors: TempDir,
}

impl PayPal {
    /// Starts the stand-in, unless `PAYPAL_BASE_URL` names another.
    async fn start(
        options: &Options,
        data: Option<&Path>,
        public_url: &str,
        tasks: &mut JoinSet<()>,
    ) -> Result<Self, StartError> {
        let set = |name: &str| set(options, name);
        let anchors =
            tempfile::tempdir().map_err(|source| temporary(&std::env::temp_dir(), source))?;
        if let Some(url) = set("PAYPAL_BASE_URL") {
            return Ok(Self {
                url,
                standin: None,
                variables: city_variables::Variables::new(),
                anchors,
            });
        }
        let (listener, url) = listen("paypal", options.paypal_port).await?;
        let settings = standin_settings(&set, &url, public_url);
        let path = anchors.path().join("anchors.pem");
        let variables = city_variables::paypal(&settings, &path);
        let (clock, seed) = (Arc::clone(&options.clock), options.seed);
        let standin = match data {
            Some(data) => Standin::kept_in(data.join(BOOKS), settings, clock, seed),
            None => Standin::new(settings, clock, seed),
        };
        let standin = Arc::new(standin.map_err(StartError::Standin)?);
        std::fs::write(&path, standin.anchors_pem()).map_err(|source| temporary(&path, source))?;
        tasks.spawn(server::standin(listener, Arc::clone(&standin)));
        tasks.spawn(Arc::clone(&standin).deliver());
        Ok(Self {
            url,
            standin: Some(standin),
            variables,
            anchors,
        })
    }
}

/// A variable of this process; one that is empty is not set.
fn set(options: &Options, name: &str) -> Option<String> {
    (options.vars)(name).filter(|value| !value.is_empty())
}

/// The embedded table has no stream to wake anybody.
async fn notify_every(every: Duration, notify: Notify) {
    loop {
        notify().await;
        tokio::time::sleep(every).await;
    }
}

async fn sweep_every(every: Duration, sweep: RunSweep) {
    loop {
        tokio::time::sleep(every).await;
        sweep().await;
    }
}

fn temporary(path: &Path, source: std::io::Error) -> StartError {
    StartError::TemporaryFile {
        path: path.display().to_string(),
        source,
    }
}

/// Loopback and nothing else: a stack with known keys must not be reachable
/// from another machine.
async fn listen(what: &'static str, port: u16) -> Result<(TcpListener, String), StartError> {
    let failed = |source| StartError::Port { what, port, source };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, format!("http://{address}")))
}

/// The stand-in plays the PayPal that the functions are configured for.
fn standin_settings(set: &dyn Fn(&str) -> Option<String>, url: &str, public_url: &str) -> Settings {
    let of_nobody = Settings::of_nobody(url.to_owned());
    let or = |name: &str, default: String| set(name).unwrap_or(default);
    Settings {
        public_origin: of_nobody.public_origin,
        client_id: or("PAYPAL_CLIENT_ID", of_nobody.client_id),
        client_secret: or("PAYPAL_CLIENT_SECRET", of_nobody.client_secret),
        merchant_id: or("PAYPAL_MERCHANT_ID", of_nobody.merchant_id),
        webhook_id: or("PAYPAL_WEBHOOK_ID", of_nobody.webhook_id),
        webhook_url: Some(format!("{public_url}/paypal/webhook")),
        webhook_events: paypal::WEBHOOK_EVENTS.map(str::to_owned).into(),
    }
}

/// Writes the sample city where it is missing and the table is this stack's own: drivers
/// of a real city would be told to pay into the sample's account. Answers the city's id, and
/// whether the samples belong there: an earlier start has written the city, or this one.
async fn configure_city(
    client: Client,
    table_name: &str,
    set: &dyn Fn(&str) -> Option<String>,
    is_own: bool,
    now: jiff::Timestamp,
) -> Result<(String, bool), StartError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| StartError::Municipality(error);
    let sample: Municipality =
        serde_json::from_str(MUNICIPALITY).map_err(|error| failed(error.into()))?;
    let id = set("MUNICIPALITY").unwrap_or_else(|| sample.id.clone());
    let store = Store::new(client, table_name.to_owned(), id.clone());
    match store.municipality(now).await {
        Err(store::Error::NotConfigured { .. }) if id == sample.id && is_own => {
            let written = store.put_municipality(&sample, OURSELVES, now).await;
            written.map_err(|error| failed(error.into()))?;
        }
        Err(error) => return Err(failed(error.into())),
        Ok(_) => {}
    }
    let by = store.configured_by().await;
    let by = by.map_err(|error| failed(error.into()))?;
    Ok((id, is_own || by.as_deref() == Some(OURSELVES)))
}

/// What the clock runs.
struct BehindSchedules {
    sweeps: Sweeps,
    compare: Compare,
    notify: Option<Notify>,
}

/// Both APIs over the template's routes, and what is behind the schedules.
async fn doors(
    template: &Template,
    local: &BTreeMap<&'static str, String>,
    options: &Options,
    identity: &Identity,
) -> Result<(Gateway, Gateway, BehindSchedules), StartError> {
    let (mut public, mut office) = (Vec::new(), Vec::new());
    let (mut sweep, mut compare, mut notify) = (None, None, None);
    for function in &template.functions {
        let variables = function_variables::variables(function, local, &options.vars);
        let answers = match load(function, &variables, &options.clock).await? {
            Loaded::Answers(answers) => answers,
            Loaded::Sweeps(run) => {
                sweep = Some(run);
                continue;
            }
            Loaded::Compares(run) => {
                compare = Some(run);
                continue;
            }
            Loaded::Notifies(answers, run) => {
                notify = run;
                answers
            }
        };
        for trigger in &function.triggers {
            let endpoint = |route: &template::Route, scopes: Option<&Vec<String>>| Endpoint {
                route: route.clone(),
                scopes: scopes.cloned(),
                function: answers.clone(),
            };
            match trigger {
                Trigger::Public(route) => public.push(endpoint(route, None)),
                Trigger::Office { route, scopes } => office.push(endpoint(route, Some(scopes))),
                Trigger::OfficeForAnyone(route) => office.push(endpoint(route, None)),
                Trigger::Schedule | Trigger::Stream => {}
            }
        }
    }
    let rest = Kind::Rest {
        stage: template.public_stage.clone(),
    };
    let http = Kind::Http {
        authorizer: Arc::new(identity.authorizer()),
    };
    Ok((
        Gateway::new(rest, public, Arc::clone(&options.clock)),
        Gateway::new(http, office, Arc::clone(&options.clock)),
        BehindSchedules {
            sweeps: sweep.ok_or(StartError::NoSweep)?,
            compare: compare.ok_or(StartError::NoSweep)?,
            notify,
        },
    ))
}

/// `POST /_local/reconcile` sweeps; with `?from=…`, `?to=…` or both it holds
/// PayPal's books against the table. `POST /_local/compare` goes on with the
/// nightly comparison.
fn by_hand(sweeps: Sweeps, compare: Compare) -> Router {
    let night = move || async move {
        let run = compare().await;
        run.map(Json)
            .map_err(|error| (StatusCode::SERVICE_UNAVAILABLE, error.to_string()))
    };

    let run = move |Query(window): Query<BTreeMap<String, String>>| async move {
        if window.is_empty() {
            return Ok(Json(Answer::Swept((sweeps.sweep)().await)));
        }
        let asked = (sweeps.ask)(json!({ "reconcile": window })).await;
        let wrong = |error: InvalidEvent| (StatusCode::BAD_REQUEST, error.to_string());
        asked.map(Json).map_err(wrong)
    };
    Router::new()
        .route("/_local/reconcile", post(run))
        .route("/_local/compare", post(night))
}

/// Every scope that any route asks for.
fn scopes(template: &Template) -> Vec<String> {
    let mut scopes: Vec<String> = template
        .functions
        .iter()
        .flat_map(|function| &function.triggers)
        .flat_map(|trigger| match trigger {
            Trigger::Office { scopes, .. } => scopes.clone(),
            Trigger::Public(_)
            | Trigger::OfficeForAnyone(_)
            | Trigger::Schedule
            | Trigger::Stream => Vec::new(),
        })
        .collect();
    scopes.sort();
    scopes.dedup();
    scopes
}
