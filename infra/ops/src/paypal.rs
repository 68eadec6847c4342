//! PayPal, by the stack's own credentials.

use std::time::Duration;

use jiff::Timestamp;
use paypal::{AccessToken, PayPal, Transport};
use tokio::time::Instant;

use crate::place::Place;
use crate::{Problem, Vars};

/// How long one call may take.
const CALL_LIMIT: Duration = Duration::from_secs(20);

/// The stack's PayPal app, signed in.
pub(crate) struct App {
    pub(crate) paypal: PayPal,
    pub(crate) token: AccessToken,
}

impl App {
    /// Signs in. `not_deployed_yet` says which PayPal, while no stack does.
    pub(crate) async fn of(
        place: &Place,
        vars: &Vars<'_>,
        not_deployed_yet: Option<&str>,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        let config = place.paypal(vars, not_deployed_yet).await?;
        let transport = Transport::https().map_err(|error| Problem::new(error.to_string()))?;
        let paypal = PayPal::new(config, transport);
        let token = paypal.fetch_token(now, deadline()).await?;
        Ok(Self { paypal, token })
    }
}

/// When an answer has to be there.
pub(crate) fn deadline() -> Instant {
    Instant::now() + CALL_LIMIT
}
