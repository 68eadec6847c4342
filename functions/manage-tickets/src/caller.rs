//! Who acts, as API Gateway's authorizer has checked it.

use http::StatusCode;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};

use crate::problem::Problem;

/// The longest `sub`. Source: `OpenID` Connect Core 1.0, section 2.
const SUB_LEN_MAX: usize = 255;

/// The `sub` of who acts; the log says who saw a case. That the token is good and
/// has the scope, API Gateway has checked before it calls.
///
/// # Errors
/// When the event carries no such claim: then the route has no authorizer, and
/// nobody may pass.
pub(crate) fn sub(request: &Request) -> Result<String, Problem> {
    let claims = request
        .request_context_ref()
        .and_then(|context| match context {
            RequestContext::ApiGatewayV2(context) => context.authorizer.as_ref(),
            _ => None,
        })
        .and_then(|authorizer| authorizer.jwt.as_ref());
    claims
        .and_then(|jwt| jwt.claims.get("sub"))
        .filter(|sub| (1..=SUB_LEN_MAX).contains(&sub.len()))
        .cloned()
        .ok_or_else(|| {
            Problem::new(
                StatusCode::UNAUTHORIZED,
                "nobody is named: send the access token of the city's sign-in as a bearer token",
            )
        })
}
