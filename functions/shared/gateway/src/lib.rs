//! What API Gateway is answered.

use std::future::{Future, ready};
use std::pin::Pin;

use lambda_http::{Body, IntoResponse, Response};

/// An answer whose body is what it says: text, or bytes.
///
/// `lambda_http` would look at the content type, and decode the text with whatever character
/// set stands there: half a MiB of tables of sets that nothing here is written in.
#[derive(Debug)]
pub struct Answer(pub Response<Body>);

impl IntoResponse for Answer {
    fn into_response(self) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> {
        Box::pin(ready(self.0))
    }
}
