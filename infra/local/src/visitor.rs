//! Who makes the sample tickets what they are: a clerk at the office API, and a driver
//! who pays at the stand-in for PayPal.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use http::{Method, Request, Response, StatusCode};
use paypal_standin::{Behaviour, Fault, FaultKind, Leads, On, Payer, Standin, WebhookMode};
use serde_json::Value;
use url::{Position, Url};

use crate::gateway::Gateway;

/// Both doors, and PayPal where it is the stand-in.
pub(crate) struct Visitor<'a> {
    pub(crate) public: &'a Gateway,
    pub(crate) office: &'a Gateway,
    pub(crate) standin: Option<&'a Standin>,
    pub(crate) office_token: &'a str,
}

/// An answer was another than it must be.
#[derive(Debug, thiserror::Error)]
#[error("{asked} was answered: {answer}")]
pub struct NotAnswered {
    asked: String,
    answer: String,
}

impl NotAnswered {
    fn of(asked: &str, answer: &impl ToString) -> Self {
        Self {
            asked: asked.to_owned(),
            answer: answer.to_string(),
        }
    }
}

impl Visitor<'_> {
    /// The case, where there is one.
    pub(crate) async fn case(&self, path: &str) -> Result<Option<Value>, NotAnswered> {
        let answer = self.ask_office(Method::GET, path, Bytes::new()).await?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        read(path, &answer).map(Some)
    }

    /// Issues a ticket, or the same again; nothing where another one has its number.
    pub(crate) async fn issue(
        &self,
        path: &str,
        ticket: &Value,
    ) -> Result<Option<(StatusCode, Value)>, NotAnswered> {
        let body = Bytes::from(ticket.to_string());
        let answer = self.ask_office(Method::PUT, path, body).await?;
        if answer.status() == StatusCode::CONFLICT {
            return Ok(None);
        }
        Ok(Some((answer.status(), read(path, &answer)?)))
    }

    /// Posts something about a ticket, which must be taken.
    pub(crate) async fn change(&self, path: &str, body: &Value) -> Result<(), NotAnswered> {
        let body = Bytes::from(body.to_string());
        let answer = self.ask_office(Method::POST, path, body).await?;
        read(path, &answer).map(|_| ())
    }

    async fn ask_office(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Response<Bytes>, NotAnswered> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(AUTHORIZATION, format!("Bearer {}", self.office_token))
            .header(CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(|error| NotAnswered::of(path, &error))?;
        Ok(self.office.answer(request).await)
    }

    /// Pays at PayPal, from the page of a QR code until the driver is back, with this
    /// fault in the capture. Where PayPal is another than the stand-in, nobody pays.
    pub(crate) async fn pay(
        &self,
        url: &str,
        amount: &str,
        fault: Option<FaultKind>,
    ) -> Result<(), NotAnswered> {
        let Some(standin) = self.standin else {
            return Ok(());
        };
        let behave = |behaviour: Behaviour| {
            let set = standin.set_behaviour(behaviour);
            set.map_err(|error| NotAnswered::of("a habit of PayPal's", &error))
        };
        let usual = standin.behaviour();
        // An event would settle the payment beside the driver who comes back.
        behave(Behaviour {
            webhooks: WebhookMode::Off,
            ..usual
        })?;
        if let Some(kind) = fault {
            let set = standin.set_fault(Fault::once(On::Capture, kind));
            set.map_err(|error| NotAnswered::of("a fault of PayPal's", &error))?;
        }
        let paid = self.go_through(standin, url, amount).await;
        behave(usual)?;
        paid
    }

    async fn go_through(
        &self,
        standin: &Standin,
        url: &str,
        amount: &str,
    ) -> Result<(), NotAnswered> {
        let checkout = format!("{url}/checkout");
        let form = format!("amount={amount}&lang=de");
        let pressed = self.ask_public(Method::POST, &checkout, form).await?;
        let location = pressed.headers().get(LOCATION);
        let order = location.and_then(|location| {
            let address = Url::parse(location.to_str().ok()?).ok()?;
            let token = address.query_pairs().find(|(name, _)| name == "token");
            token.map(|(_, order)| order.into_owned())
        });
        let order = order.ok_or_else(|| NotAnswered::of("the pay button", &pressed.status()))?;
        let leads = standin.approve(&order, Payer::Pays);
        let leads = leads.map_err(|error| NotAnswered::of("PayPal's page", &error))?;
        let Leads::To(back) = leads else {
            return Err(NotAnswered::of("PayPal's page", &"an end"));
        };
        let shown = self.ask_public(Method::GET, &back, String::new()).await?;
        if shown.status() != StatusCode::OK {
            return Err(NotAnswered::of("the result page", &shown.status()));
        }
        Ok(())
    }

    async fn ask_public(
        &self,
        method: Method,
        url: &str,
        form: String,
    ) -> Result<Response<Bytes>, NotAnswered> {
        let address = Url::parse(url).map_err(|error| NotAnswered::of(url, &error))?;
        let request = Request::builder()
            .method(method)
            .uri(&address[Position::BeforePath..])
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(form))
            .map_err(|error| NotAnswered::of(url, &error))?;
        Ok(self.public.answer(request).await)
    }
}

fn read(asked: &str, answer: &Response<Bytes>) -> Result<Value, NotAnswered> {
    let text = String::from_utf8_lossy(answer.body());
    let refused = || NotAnswered::of(asked, &format!("{} {text}", answer.status()));
    if !answer.status().is_success() {
        return Err(refused());
    }
    serde_json::from_str(&text).map_err(|_| refused())
}
