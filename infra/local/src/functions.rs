//! The functions, each from its own crate: its own configuration, its own
//! `handle`.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use aws_lc_rs::rand;
use compare_books::NightRun;
use reconcile_payments::{Answer, InvalidEvent};
use serde_json::Value;
use settle::sweep::{SWEEP_TIME, Scope, Sweep};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::Clock;
use crate::function::Function;
use crate::template;

/// Runs one sweep over all open attempts.
pub type RunSweep = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Sweep> + Send>> + Send + Sync>;

/// Does what an event asks the function behind the schedules for.
pub(crate) type Ask = Arc<
    dyn Fn(Value) -> Pin<Box<dyn Future<Output = Result<Answer, InvalidEvent>> + Send>>
        + Send
        + Sync,
>;

/// Goes on with the nightly comparison.
pub(crate) type Compare = Arc<
    dyn Fn() -> Pin<Box<dyn Future<Output = Result<NightRun, store::Error>> + Send>> + Send + Sync,
>;

/// Tells the city's systems what is new; nothing where nobody is to be told.
pub(crate) type Notify = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// What is behind the schedules.
#[derive(Clone)]
pub(crate) struct Sweeps {
    /// Each minute's.
    pub(crate) sweep: RunSweep,
    /// With an event, by hand.
    pub(crate) ask: Ask,
}

/// A function that is ready to be called.
pub(crate) enum Loaded {
    /// Behind one of the APIs.
    Answers(Function),
    /// Behind the schedules.
    Sweeps(Sweeps),
    /// Behind that of the night.
    Compares(Compare),
    /// Behind the office API, and beside that behind a schedule where anybody is told.
    Notifies(Function, Option<Notify>),
}

/// A function does not start.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Its own configuration refused; the source names the variable.
    #[error("{name} does not start")]
    Refused {
        /// The function.
        name: String,
        /// What it says.
        source: lambda_http::Error,
    },
    /// The template has a function that this crate does not link.
    #[error("template.yaml has the function {name}, which infra/local does not link")]
    Unknown {
        /// The function.
        name: String,
    },
}

/// Makes a function out of its crate, with these variables and no others.
pub(crate) async fn load(
    function: &template::Function,
    variables: &BTreeMap<String, String>,
    clock: &Clock,
) -> Result<Loaded, LoadError> {
    let vars = |name: &str| variables.get(name).cloned();
    let refused = |source: lambda_http::Error| LoadError::Refused {
        name: function.name.clone(),
        source,
    };
    let clock = Arc::clone(clock);
    // Seven functions, one shape; only a macro can name seven crates.
    macro_rules! answers {
        ($krate:ident, |$app:ident, $request:ident, $now:ident| $answer:expr) => {{
            let app = $krate::App::from_vars(&vars)
                .await
                .map_err(|error| refused(error.into()))?;
            let app = Arc::new(app);
            Loaded::Answers(Function::new(
                &function.name,
                function.timeout,
                move |$request| {
                    let ($app, $now) = (Arc::clone(&app), clock());
                    async move { $answer.await }
                },
            ))
        }};
    }
    Ok(match function.name.as_str() {
        "show-ticket" => answers!(show_ticket, |app, request, now| show_ticket::handle(
            &app, request, now
        )),
        "start-checkout" => answers!(start_checkout, |app, request, now| {
            start_checkout::handle(&app, request, &random, now)
        }),
        "finish-checkout" => answers!(finish_checkout, |app, request, now| {
            finish_checkout::handle(&app, request, now)
        }),
        "receive-webhook" => answers!(receive_webhook, |app, request, now| {
            receive_webhook::handle(&app, request, now)
        }),
        "issue-tickets" => answers!(issue_tickets, |app, request, now| {
            issue_tickets::handle(&app, request, now)
        }),
        "manage-tickets" => answers!(manage_tickets, |app, request, now| {
            manage_tickets::handle(&app, request, now)
        }),
        "record-payments" => answers!(record_payments, |app, request, now| {
            record_payments::handle(&app, request, now)
        }),
        "reconcile-payments" => {
            let app = reconcile_payments::App::from_vars(&vars)
                .await
                .map_err(refused)?;
            Loaded::Sweeps(sweeps(app, clock))
        }
        "compare-books" => {
            let app = compare_books::App::from_vars(&vars)
                .await
                .map_err(refused)?;
            Loaded::Compares(compares(app, clock))
        }
        "notify-city" => {
            let app = notify_city::App::from_vars(&vars)
                .await
                .map_err(|error| refused(error.into()))?;
            let (answers, notify) = notifies(function, app, clock);
            Loaded::Notifies(answers, notify)
        }
        name => {
            return Err(LoadError::Unknown {
                name: name.to_owned(),
            });
        }
    })
}

fn sweeps(app: reconcile_payments::App, clock: Clock) -> Sweeps {
    // The template reserves a concurrency of 1: never two of them at once.
    let app = Arc::new(Mutex::new(app));
    let (same_app, same_clock) = (Arc::clone(&app), Arc::clone(&clock));
    Sweeps {
        sweep: Arc::new(move || {
            let (app, clock) = (Arc::clone(&app), Arc::clone(&clock));
            Box::pin(async move {
                let app = app.lock().await;
                let until = Instant::now() + SWEEP_TIME;
                app.settle
                    .sweep(&app.pace, Scope::All, &*clock, until)
                    .await
            })
        }),
        ask: Arc::new(move |event| {
            let (app, clock) = (Arc::clone(&same_app), Arc::clone(&same_clock));
            Box::pin(async move {
                let app = app.lock().await;
                let until = Instant::now() + SWEEP_TIME;
                reconcile_payments::answer(&app, &event, &*clock, until).await
            })
        }),
    }
}

fn notifies(
    function: &template::Function,
    app: notify_city::App,
    clock: Clock,
) -> (Function, Option<Notify>) {
    let is_anybody_told = !app.subscriptions.each.is_empty();
    let app = Arc::new(app);
    let (same_app, same_clock) = (Arc::clone(&app), Arc::clone(&clock));
    let answers = Function::new(&function.name, function.timeout, move |request| {
        let (app, now) = (Arc::clone(&same_app), same_clock());
        async move { notify_city::handle(&app, request, now).await }
    });
    let notify: Notify = Arc::new(move || {
        let (app, clock) = (Arc::clone(&app), Arc::clone(&clock));
        Box::pin(async move {
            let until = Instant::now() + notify_city::RUN_TIME;
            // It has said itself what went wrong; the next one comes in a second.
            let _ = notify_city::tell(&app, notify_city::Wake::Minute, &*clock, until).await;
        })
    });
    (answers, is_anybody_told.then_some(notify))
}

fn compares(app: compare_books::App, clock: Clock) -> Compare {
    let app = Arc::new(Mutex::new(app));
    Arc::new(move || {
        let (app, clock) = (Arc::clone(&app), Arc::clone(&clock));
        Box::pin(async move {
            let app = app.lock().await;
            let until = Instant::now() + compare_books::RUN_TIME;
            compare_books::handle(&app, &*clock, until).await
        })
    })
}

/// 128 random bits for a payment attempt.
///
/// Where the random source fails there is no safe id to fall back to, so this
/// ends the one invocation that asked.
#[expect(
    clippy::expect_used,
    reason = "an id somebody could guess would open a result page"
)]
fn random() -> u128 {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).expect("the operating system gives random bytes");
    u128::from_ne_bytes(bytes)
}
