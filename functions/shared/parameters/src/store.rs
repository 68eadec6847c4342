//! The parameter store of AWS Systems Manager: one call of it, `GetParameter`.
//!
//! Asked by hand, with AWS's own signer: the SDK for Systems Manager is the largest crate
//! there is, and a function asks once, as it starts.
//!
//! Source: AWS Systems Manager API reference, `GetParameter`; protocol `awsJson1_1`.

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_types::body::SdkBody;
use http::header::CONTENT_TYPE;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use https::Https;
use serde::{Deserialize, Serialize};

use crate::{Error, Secret, Vars, set};

/// How long one try may take; a function that hangs while it starts is killed without a word.
const TRY_LIMIT: Duration = Duration::from_secs(2);
/// How long all tries together may take; below Lambda's ten seconds for a start.
const TRIES_LIMIT: Duration = Duration::from_secs(5);
/// So often it is asked, where it did not answer or was busy.
const TRIES_MAX: u32 = 3;
/// Before it is asked again, and twice as long before the next time.
const PAUSE: Duration = Duration::from_millis(100);

/// A parameter, and the way to ask for it. Whoever must know when it has changed
/// keeps this, instead of the variables it was made of.
pub struct Parameter {
    variable: &'static str,
    name: String,
    url: String,
    region: String,
    credentials: Credentials,
    https: Https,
}

impl fmt::Debug for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Parameter").field(&self.name).finish()
    }
}

/// What is asked.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetParameter<'a> {
    name: &'a str,
    /// Without it a `SecureString` comes as ciphertext.
    with_decryption: bool,
}

/// What is answered: the parameter, or what is wrong.
#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "Parameter")]
    parameter: Option<Found>,
    /// The code of an error, where it has one, perhaps behind a namespace and a `#`.
    #[serde(rename = "__type")]
    code: Option<String>,
}

#[derive(Deserialize)]
struct Found {
    #[serde(rename = "Value")]
    value: Option<String>,
}

/// Why a try brought no value. Never holds what was sent or answered.
struct Failure {
    /// The store's own code, or what kind of failure it was.
    code: String,
    /// Whether another try may bring it.
    is_passing: bool,
}

impl Failure {
    fn of_this_end(code: &str) -> Self {
        let code = code.to_owned();
        Self {
            code,
            is_passing: true,
        }
    }

    fn for_good(code: &str) -> Self {
        let code = code.to_owned();
        Self {
            code,
            is_passing: false,
        }
    }
}

impl Parameter {
    /// The parameter that `{variable}_PARAMETER` names. Nobody is asked yet.
    ///
    /// # Errors
    /// When that is not set, or what is needed to ask the parameter store is not.
    pub fn from_vars(vars: &Vars<'_>, variable: &'static str) -> Result<Self, Error> {
        let name =
            set(vars, &format!("{variable}_PARAMETER")).ok_or(Error::Missing { variable })?;
        let needed =
            |needed: &'static str| set(vars, needed).ok_or(Error::CannotAsk { variable, needed });
        let credentials = Credentials::new(
            needed("AWS_ACCESS_KEY_ID")?,
            needed("AWS_SECRET_ACCESS_KEY")?,
            set(vars, "AWS_SESSION_TOKEN"),
            None,
            "environment",
        );
        let region = needed("AWS_REGION")?;
        let endpoint = set(vars, "AWS_ENDPOINT_URL_SSM");
        let endpoint = endpoint.unwrap_or_else(|| https::endpoint("ssm", &region));
        Ok(Self {
            variable,
            name,
            url: format!("{}/", endpoint.trim_end_matches('/')),
            region,
            credentials,
            https: Https::from_vars(vars)?,
        })
    }

    /// Reads its decrypted value, as it is now.
    ///
    /// # Errors
    /// When the parameter store does not hand it out.
    pub async fn read(&self) -> Result<Secret, Error> {
        let tried = tokio::time::timeout(TRIES_LIMIT, self.try_until_told()).await;
        let told = tried.unwrap_or_else(|_| Err(too_late()));
        told.map(Secret::new).map_err(|failure| Error::Unreadable {
            variable: self.variable,
            parameter: self.name.clone(),
            code: failure.code,
        })
    }

    async fn try_until_told(&self) -> Result<String, Failure> {
        let mut pause = PAUSE;
        for _ in 1..TRIES_MAX {
            match self.try_once().await {
                Err(failure) if failure.is_passing => {}
                told => return told,
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        self.try_once().await
    }

    async fn try_once(&self) -> Result<String, Failure> {
        let asked = tokio::time::timeout(TRY_LIMIT, self.ask()).await;
        asked.unwrap_or_else(|_| Err(too_late()))
    }

    async fn ask(&self) -> Result<String, Failure> {
        let not_asked = |_| Failure::for_good("the question could not be asked");
        let request = self.request().map_err(not_asked)?;
        let unreached = |_| Failure::of_this_end("the parameter store cannot be reached");
        let answer = self.https.send(request).await.map_err(unreached)?;
        let status = answer.status();
        let cut = |_| Failure::of_this_end("an answer that cannot be read");
        let body = answer.into_body().collect().await.map_err(cut)?.to_bytes();
        read(status, &body)
    }

    fn request(&self) -> Result<Request<SdkBody>, Box<dyn std::error::Error + Send + Sync>> {
        let body = serde_json::to_string(&GetParameter {
            name: &self.name,
            with_decryption: true,
        })?;
        let headers = [
            (CONTENT_TYPE.as_str(), "application/x-amz-json-1.1"),
            ("x-amz-target", "AmazonSSM.GetParameter"),
        ];
        #[expect(
            clippy::disallowed_methods,
            reason = "a signature says when it was made, and counts for minutes"
        )]
        let now = SystemTime::now();
        let identity = self.credentials.clone().into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("ssm")
            .time(now)
            .settings(SigningSettings::default())
            .build()?
            .into();
        let signable = SignableRequest::new(
            "POST",
            &self.url,
            headers.into_iter(),
            SignableBody::Bytes(body.as_bytes()),
        )?;
        let (signature, _) = sign(signable, &params)?.into_parts();
        let mut request = Request::post(&self.url);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut request = request.body(SdkBody::from(body))?;
        signature.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}

fn too_late() -> Failure {
    Failure::of_this_end("the parameter store did not answer in time")
}

/// The value that was answered.
fn read(status: StatusCode, body: &[u8]) -> Result<String, Failure> {
    let answer: Option<Answer> = serde_json::from_slice(body).ok();
    if status.is_success() {
        let Some(answer) = answer else {
            return Err(Failure::for_good("an answer that cannot be read"));
        };
        let value = answer.parameter.and_then(|found| found.value);
        let value = value.filter(|value| !value.is_empty());
        return value.ok_or_else(|| Failure::for_good("it is empty"));
    }
    let code = answer.and_then(|answer| answer.code).unwrap_or_default();
    let code = code.rsplit('#').next().unwrap_or_default();
    let code = if code.is_empty() {
        status.as_str()
    } else {
        code
    };
    // Source: AWS Systems Manager API reference, "Common Errors".
    let is_passing = status.is_server_error() || code == "ThrottlingException";
    Err(Failure {
        code: code.to_owned(),
        is_passing,
    })
}
