//! PayPal, by the stack's own credentials.

use std::time::Duration;

use jiff::Timestamp;
use paypal::{AccessToken, Error, PayPal, Transport};
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
        let paypal = of(place, vars, not_deployed_yet).await?;
        Ok(Self::signed_in(paypal, now).await?)
    }

    pub(crate) async fn signed_in(paypal: PayPal, now: Timestamp) -> Result<Self, Error> {
        let token = paypal.fetch_token(now, deadline()).await?;
        Ok(Self { paypal, token })
    }
}

/// The PayPal that a stack talks to; nobody has signed in yet.
pub(crate) async fn of(
    place: &Place,
    vars: &Vars<'_>,
    not_deployed_yet: Option<&str>,
) -> Result<PayPal, Problem> {
    let config = place.paypal(vars, not_deployed_yet).await?;
    let transport = Transport::https().map_err(|error| Problem::new(error.to_string()))?;
    Ok(PayPal::new(config, transport))
}

/// When an answer has to be there.
pub(crate) fn deadline() -> Instant {
    Instant::now() + CALL_LIMIT
}
