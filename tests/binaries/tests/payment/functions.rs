//! The ten functions as processes, and what they were asked.

use std::cell::RefCell;
use std::collections::BTreeMap;

use binaries::{Answer, City, FUNCTIONS, Lambda, now};
use serde_json::Value;

/// A request of one of the APIs, as it was made and answered.
pub(crate) struct Request {
    /// The request id, as Lambda gives it.
    pub(crate) id: String,
    pub(crate) method: String,
    /// `/t/{token}`.
    pub(crate) route: String,
    pub(crate) status: u16,
}

/// By function: how often it was invoked, and all its lines.
pub(crate) type Printed = BTreeMap<&'static str, (u32, Vec<String>)>;

pub(crate) struct Functions {
    running: BTreeMap<&'static str, Lambda>,
    requests: RefCell<Vec<Request>>,
    errors: RefCell<Vec<String>>,
}

impl Functions {
    /// All of them, told to say as much as anybody can make them say.
    pub(crate) async fn start(city: &City) -> Self {
        let mut running = BTreeMap::new();
        for name in FUNCTIONS {
            let mut variables = city.variables(name);
            variables.insert("AWS_LAMBDA_LOG_LEVEL".to_owned(), "TRACE".to_owned());
            running.insert(name, city.start_with(name, &variables).await);
        }
        Self {
            running,
            requests: RefCell::default(),
            errors: RefCell::default(),
        }
    }

    pub(crate) async fn ask(&self, function: &str, event: Value) -> Answer {
        let lambda = &self.running[function];
        let id = lambda.request_id(lambda.invocations());
        let asked = asked(&event);
        let answer = Answer::from(lambda.invoke(event, now()).await);
        if let Some((method, route)) = asked {
            self.requests.borrow_mut().push(Request {
                id,
                method,
                route,
                status: answer.status(),
            });
        }
        answer
    }

    /// An event that the function cannot answer.
    pub(crate) async fn ask_in_vain(&self, function: &str, event: Value) {
        let error = self.running[function].invoke_in_vain(event, now()).await;
        self.errors.borrow_mut().push(error.to_string());
    }

    /// Ends them: what they have printed, what they were asked, and what errors Lambda was
    /// told.
    pub(crate) async fn stop(self) -> (Printed, Vec<Request>, Vec<String>) {
        let mut printed = BTreeMap::new();
        for (name, lambda) in self.running {
            printed.insert(name, (lambda.invocations(), lambda.stop().await));
        }
        let (requests, errors) = (self.requests.into_inner(), self.errors.into_inner());
        (printed, requests, errors)
    }
}

/// Method and route of an event of either API.
fn asked(event: &Value) -> Option<(String, String)> {
    let context = &event["requestContext"];
    if let Some(route) = context["resourcePath"].as_str() {
        let method = event["httpMethod"].as_str().unwrap();
        return Some((method.to_owned(), route.to_owned()));
    }
    let (method, route) = context["routeKey"].as_str()?.split_once(' ').unwrap();
    Some((method.to_owned(), route.to_owned()))
}
