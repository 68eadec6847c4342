//! What the office is told about a subscriber, and asks for.

use http::{Method, Response, StatusCode};
use jiff::Timestamp;
use lambda_http::{Body, Request, RequestExt};
use logs::Answering;
use office::fields::moment;
use office::{Kind, Problem, body, in_full, json_answer, object};
use serde::{Deserialize, Deserializer, Serialize};
use store::{ListPage, Message, MessageState, Redelivery, Store, Subscriber, Tries};
use ticket::{CaseNumber, SubscriberId};

use crate::App;
use crate::subscriptions::Subscription;

/// How many messages of a kind are shown.
const SHOWN_MAX: usize = 100;

/// What is asked to be told again.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default, deserialize_with = "since")]
    since: Option<Timestamp>,
}

fn since<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    moment(deserializer).map(Some)
}

/// How a subscriber stands.
#[derive(Debug, Serialize)]
struct Answer {
    id: SubscriberId,
    host: String,
    heard_until: Option<Timestamp>,
    trouble: Option<Trouble>,
    failed: Messages<Failed>,
    parked: Messages<Parked>,
}

/// It takes nothing.
#[derive(Debug, Serialize)]
struct Trouble {
    since: Timestamp,
    outcome: String,
    paused_until: Option<Timestamp>,
}

/// The first messages of a kind.
#[derive(Debug, Serialize)]
struct Messages<T> {
    messages: Vec<T>,
    more: bool,
}

/// A message that is tried again.
#[derive(Debug, Serialize)]
struct Failed {
    #[serde(flatten)]
    about: About,
    next_try_at: Timestamp,
}

/// A message that is not tried any more.
#[derive(Debug, Serialize)]
struct Parked {
    #[serde(flatten)]
    about: About,
    parked_at: Timestamp,
}

#[derive(Debug, Serialize)]
struct About {
    id: String,
    case_number: CaseNumber,
    what: String,
    at: Timestamp,
    first_failed_at: Timestamp,
    tries: u32,
    outcome: String,
}

/// What an answer needs to be told in the log beside its status.
#[derive(Default)]
struct LogLine {
    subscriber: Option<SubscriberId>,
    by: Option<String>,
    cause: Option<store::Error>,
}

/// Answers one request of the office API.
pub async fn handle(app: &App, request: Request, now: Timestamp) -> Response<Body> {
    let answering = Answering::begins();
    let mut line = LogLine::default();
    let response = match route(app, &request, now, &mut line).await {
        Ok(response) => response,
        Err(mut problem) => {
            line.cause = problem.cause.take();
            problem.into_response()
        }
    };
    tracing::info!(
        method = %request.method(),
        route = office::route(&request),
        status = response.status().as_u16(),
        ms = answering.ms(),
        subscriber = line.subscriber.as_ref().map(SubscriberId::as_str),
        by = line.by,
        error = line.cause.as_ref().map(in_full),
        "answered the city about a subscriber"
    );
    response
}

async fn route(
    app: &App,
    request: &Request,
    now: Timestamp,
    line: &mut LogLine,
) -> Result<Response<Body>, Problem> {
    line.by = Some(office::sub(request)?);
    // What is sent is looked at first: what is wrong with it is wrong about everybody.
    let (status, asked) = match (request.method(), body(request)) {
        (&Method::GET, _) => (StatusCode::OK, None),
        (&Method::POST, []) => (StatusCode::ACCEPTED, Some(Asked::default())),
        (&Method::POST, sent) => {
            let asked = object(sent, "a redelivery")?;
            (StatusCode::ACCEPTED, Some(asked))
        }
        _ => {
            return Err(Problem::new(
                Kind::MethodNotAllowed,
                "use GET /subscribers/{id}, or POST to its redeliveries",
            ));
        }
    };
    let what = asked.map(|asked| redelivery(&asked, now)).transpose()?;
    let path = request.path_parameters();
    let id = path.first("id").and_then(|id| id.parse().ok());
    let to = id.and_then(|id| app.subscriptions.find(&id));
    let to = to.ok_or_else(no_such_subscriber)?;
    line.subscriber = Some(to.id.clone());
    let stands = match what {
        Some(what) => Some(app.store.redeliver(&to.id, what, now).await?),
        None => app.store.subscriber(&to.id).await?,
    };
    json_answer(status, &answer(&app.store, to, stands).await?)
}

fn redelivery(asked: &Asked, now: Timestamp) -> Result<Redelivery, Problem> {
    match asked.since {
        None => Ok(Redelivery::Failed),
        Some(since) if since <= now => Ok(Redelivery::Since(since)),
        Some(_) => Err(Problem::with_field(
            "since",
            "lies in the future: write from when on everything is to be sent again",
        )),
    }
}

async fn answer(
    store: &Store,
    to: &Subscription,
    stands: Option<Subscriber>,
) -> Result<Answer, store::Error> {
    let failed = store.failed_messages(&to.id, None, SHOWN_MAX).await?;
    let parked = store.parked_messages(&to.id, SHOWN_MAX).await?;
    let heard_until = stands.as_ref().and_then(|stands| stands.heard.settled_at());
    let trouble = stands.and_then(|stands| stands.trouble);
    Ok(Answer {
        id: to.id.clone(),
        host: to.host().to_owned(),
        heard_until,
        trouble: trouble.map(|trouble| Trouble {
            since: trouble.since,
            outcome: trouble.outcome,
            paused_until: trouble.paused_until,
        }),
        failed: first(failed, |message| match message.state {
            MessageState::Failed {
                ref tries,
                next_try_at,
            } => Some(Failed {
                about: about(&message, tries),
                next_try_at,
            }),
            MessageState::Told { .. } | MessageState::Parked { .. } => None,
        }),
        parked: first(parked, |message| match message.state {
            MessageState::Parked {
                ref tries,
                parked_at,
            } => Some(Parked {
                about: about(&message, tries),
                parked_at,
            }),
            MessageState::Told { .. } | MessageState::Failed { .. } => None,
        }),
    })
}

fn first<T>(page: ListPage<Message>, shown: impl Fn(Message) -> Option<T>) -> Messages<T> {
    Messages {
        messages: page.entries.into_iter().filter_map(shown).collect(),
        more: page.more,
    }
}

fn about(message: &Message, tries: &Tries) -> About {
    let change = &message.change;
    About {
        id: change.id.clone(),
        case_number: change.case_number.clone(),
        what: change.what.clone(),
        at: change.at,
        first_failed_at: tries.first_failed_at,
        tries: tries.count,
        outcome: tries.outcome.clone(),
    }
}

fn no_such_subscriber() -> Problem {
    Problem::new(
        Kind::NoSuchSubscriber,
        "nobody of this name is told of changes: look at the name, or ask whoever runs this \
         system which ones are configured",
    )
}
