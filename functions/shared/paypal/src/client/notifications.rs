//! Whether PayPal has sent a webhook, by its own word.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use serde::Deserialize;
use tokio::time::Instant;

use super::call::bearer;
use crate::wire::Unreadable;
use crate::{AccessToken, Error, PayPal, Postback, WebhookError, WebhookEvent};

#[derive(Deserialize)]
struct WireVerification {
    verification_status: String,
}

impl PayPal {
    /// Asks whether PayPal has sent this delivery: gives the event it holds, or
    /// [`WebhookError::NotSent`].
    ///
    /// # Errors
    /// As [`Error`] says: PayPal has not answered the question.
    ///
    /// Source: Webhooks v1, `verify-webhook-signature.post`.
    pub async fn post_back(
        &self,
        token: &AccessToken,
        postback: &Postback,
        deadline: Instant,
    ) -> Result<Result<WebhookEvent, WebhookError>, Error> {
        for question in postback.questions() {
            let call = self.call("verify webhook", deadline);
            let json = HeaderValue::from_static("application/json");
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, json)]);
            let path = "v1/notifications/verify-webhook-signature";
            let request =
                call.request(Method::POST, path, bearer(token), headers, question.clone());
            let answer = call.send::<WireVerification>(request).await?;
            let is_sent = answer.read(|answer| match answer.verification_status.as_str() {
                "SUCCESS" => Ok(true),
                "FAILURE" => Ok(false),
                _ => Err(Unreadable),
            })?;
            if is_sent {
                return Ok(Ok(postback.confirmed()));
            }
        }
        Ok(Err(WebhookError::NotSent))
    }
}
