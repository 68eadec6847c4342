//! The two seams: the SDK's HTTP connector and PayPal's transport. A call goes
//! nowhere: it waits here until the scheduler decides what becomes of it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::{Request, Response};
use paypal::{Transport, TransportError};
use tokio::sync::oneshot;

use crate::engine::Answer;

/// Who makes a call: the place of a task in the scheduler.
pub(crate) type TaskId = usize;

/// What is asked, and of whom.
#[derive(Debug)]
pub(crate) enum Call {
    /// DynamoDB.
    Table(TableCall),
    /// PayPal.
    PayPal(Request<Bytes>),
    /// Nobody: an actor outside asks for its turn.
    Turn(&'static str),
}

/// A request to DynamoDB.
#[derive(Clone, Debug)]
pub(crate) struct TableCall {
    pub(crate) operation: String,
    pub(crate) body: String,
    /// The same for each try of one call.
    pub(crate) invocation: String,
    /// Whether it is the first of them.
    pub(crate) is_first_try: bool,
}

/// A call that waits.
pub(crate) struct Waiting {
    pub(crate) number: u64,
    pub(crate) task: TaskId,
    pub(crate) call: Call,
    pub(crate) answer: Sender,
}

/// Where an answer goes.
pub(crate) enum Sender {
    Table(oneshot::Sender<Option<Answer>>),
    PayPal(oneshot::Sender<Option<Response<Bytes>>>),
    Turn(oneshot::Sender<()>),
}

impl Sender {
    /// Whether the caller has given up, or is dead.
    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Self::Table(sender) => sender.is_closed(),
            Self::PayPal(sender) => sender.is_closed(),
            Self::Turn(sender) => sender.is_closed(),
        }
    }
}

/// The calls that wait, in the order they were made.
#[derive(Clone, Default)]
pub(crate) struct Net(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    current: TaskId,
    made: u64,
    waiting: Vec<Waiting>,
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Net")
    }
}

impl Net {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls made from now on are this task's.
    pub(crate) fn now_polled(&self, task: TaskId) {
        self.inner().current = task;
    }

    /// Takes every call that was made since.
    pub(crate) fn take(&self) -> Vec<Waiting> {
        std::mem::take(&mut self.inner().waiting)
    }

    pub(crate) fn send(&self, call: Call, answer: Sender) {
        let mut inner = self.inner();
        let (number, task) = (inner.made, inner.current);
        inner.made += 1;
        inner.waiting.push(Waiting {
            number,
            task,
            call,
            answer,
        });
    }

    /// The SDK's way to the table.
    pub(crate) fn http_client(&self) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(self.clone());
        http_client_fn(move |_, _| connector.clone())
    }

    /// The functions' way to PayPal.
    pub(crate) fn transport(&self) -> Transport {
        let net = self.clone();
        Transport::in_process(move |request| {
            let (sender, receiver) = oneshot::channel();
            let net = net.clone();
            async move {
                net.send(Call::PayPal(request), Sender::PayPal(sender));
                match receiver.await {
                    Ok(Some(answer)) => Ok(answer),
                    Ok(None) | Err(_) => Err(TransportError::Failed("the connection broke".into())),
                }
            }
        })
    }
}

impl HttpConnector for Net {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let header = |name: &str| request.headers().get(name).unwrap_or_default().to_owned();
        let target = header("x-amz-target");
        let call = TableCall {
            operation: target.rsplit('.').next().unwrap_or_default().to_owned(),
            body: request
                .body()
                .bytes()
                .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
                .unwrap_or_default(),
            invocation: header("amz-sdk-invocation-id"),
            is_first_try: header("amz-sdk-request").contains("attempt=1;"),
        };
        let (sender, receiver) = oneshot::channel();
        let net = self.clone();
        HttpConnectorFuture::new(async move {
            net.send(Call::Table(call), Sender::Table(sender));
            match receiver.await {
                Ok(Some(answer)) => Ok(http_response(answer)),
                Ok(None) | Err(_) => Err(ConnectorError::io("the connection broke".into())),
            }
        })
    }
}

fn http_response(answer: Answer) -> HttpResponse {
    let status = answer.status.try_into().expect("an HTTP status");
    let mut response = HttpResponse::new(status, SdkBody::from(answer.body));
    response
        .headers_mut()
        .insert("content-type", "application/x-amz-json-1.0");
    response
}
