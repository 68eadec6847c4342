//! Who acts, as API Gateway's authorizer has checked it, and on which route.

use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};

use crate::problem::{Kind, Problem};

/// The longest `sub`. Source: `OpenID` Connect Core 1.0, section 2.
const SUB_LEN_MAX: usize = 255;

/// The `sub` of who acts; it goes into journal and log. That the token is good and
/// has the scope, API Gateway has checked before it calls.
///
/// # Errors
/// When the event carries no such claim: then the route has no authorizer, and
/// nobody may pass.
pub fn sub(request: &Request) -> Result<String, Problem> {
    let context = request.request_context_ref();
    let authorizer = if let Some(RequestContext::ApiGatewayV2(context)) = context {
        context.authorizer.as_ref()
    } else {
        None
    };
    authorizer
        .and_then(|authorizer| authorizer.jwt.as_ref()?.claims.get("sub"))
        .filter(|sub| (1..=SUB_LEN_MAX).contains(&sub.len()))
        .cloned()
        .ok_or_else(|| {
            Problem::new(
                Kind::NotSignedIn,
                "nobody is named: send the access token of the city's sign-in as a bearer token",
            )
        })
}

/// The route that API Gateway has found for it, like `/tickets/{case_number}`: for the log.
#[must_use]
pub fn route(request: &Request) -> Option<&str> {
    let Some(RequestContext::ApiGatewayV2(context)) = request.request_context_ref() else {
        return None;
    };
    let (_, route) = context.route_key.as_deref()?.split_once(' ')?;
    Some(route)
}
