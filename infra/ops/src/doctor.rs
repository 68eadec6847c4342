//! Whether a stack would do its work: each thing that has to be right, looked at, and what
//! to do where it is not.

mod at_paypal;
mod deployed;

use http::Method;
use jiff::Timestamp;
use serde_json::json;
use token::Keys;

use crate::city::SAMPLE_IBAN;
use crate::place::Place;
use crate::report::Report;
use crate::setting::SETTINGS;
use crate::{Problem, Vars, http as asked};

/// One thing that was looked at.
#[derive(Debug)]
pub(crate) struct Finding {
    what: &'static str,
    is: Result<String, Wrong>,
}

/// It is not as it must be.
#[derive(Debug)]
pub(crate) struct Wrong {
    is: String,
    to_do: String,
}

impl Wrong {
    pub(crate) fn new(is: impl Into<String>, to_do: impl Into<String>) -> Self {
        Self {
            is: is.into(),
            to_do: to_do.into(),
        }
    }
}

/// Nobody could look: for the doctor that is wrong, too.
impl<E: Into<Problem>> From<E> for Wrong {
    fn from(error: E) -> Self {
        let problem: Problem = error.into();
        Self::new(problem.to_string(), "see that it can be asked, then again")
    }
}

impl Finding {
    pub(crate) fn new(what: &'static str, is: Result<String, Wrong>) -> Self {
        Self { what, is }
    }

    fn line(&self) -> String {
        let what = self.what;
        match &self.is {
            Ok(is) => format!("ok     {what}: {is}"),
            Err(wrong) => format!("WRONG  {what}: {}\n       do: {}", wrong.is, wrong.to_do),
        }
    }

    fn json(&self) -> serde_json::Value {
        match &self.is {
            Ok(is) => json!({ "what": self.what, "ok": true, "is": is }),
            Err(wrong) => {
                json!({ "what": self.what, "ok": false, "is": wrong.is, "do": wrong.to_do })
            }
        }
    }
}

/// Looks at everything.
pub(crate) async fn examine(place: &Place, vars: &Vars<'_>, now: Timestamp) -> Report {
    let mut findings = settings(place).await;
    findings.push(Finding::new("keys of the QR codes", keys(place).await));
    if let Place::Deployed(stack) = place {
        findings.extend(deployed::findings(stack, now).await);
    }
    findings.push(Finding::new("city", city(place, vars, now).await));
    findings.push(Finding::new("pages", pages(place).await));
    findings.extend(at_paypal::findings(place, vars, now).await);
    let wrong = findings.iter().filter(|finding| finding.is.is_err());
    let wrong = wrong.count();
    let mut lines: Vec<String> = findings.iter().map(Finding::line).collect();
    lines.push(match wrong {
        0 => format!("{}: all ok", place.name()),
        wrong => format!("{}: {wrong} wrong", place.name()),
    });
    let listed: Vec<_> = findings.iter().map(Finding::json).collect();
    let mut report = Report::new(lines, json!(listed));
    report.is_well = wrong == 0;
    report
}

/// A finding for each setting that is missing or that no function would start with; one
/// for all where they are right.
async fn settings(place: &Place) -> Vec<Finding> {
    const WHAT: &str = "settings";
    let mut findings = Vec::new();
    for setting in SETTINGS {
        // Which table is the local stack's own business.
        if matches!(place, Place::Local(_)) && setting.name == "table" {
            continue;
        }
        let name = setting.name;
        let to_do = || format!("`ops set {name} …`, `ops apply`: {}", setting.write);
        let wrong = match place.setting(setting).await {
            Ok(Some(value)) if name == "captures" && value == "closed" => Wrong::new(
                "captures are closed: nobody can pay online",
                "once what they were closed for is over: `ops set captures open`, `ops apply`",
            ),
            Ok(Some(value)) if setting.is_right(&value) => continue,
            Ok(Some(_)) => Wrong::new(format!("{name} is what no function starts with"), to_do()),
            Ok(None) => Wrong::new(format!("{name} is missing"), to_do()),
            Err(problem) => problem.into(),
        };
        findings.push(Finding::new(WHAT, Err(wrong)));
    }
    if findings.is_empty() {
        findings.push(Finding::new(
            WHAT,
            Ok("each is there, and right".to_owned()),
        ));
    }
    findings
}

/// How many keys open pages.
async fn keys(place: &Place) -> Result<String, Wrong> {
    let jwks = match SETTINGS.into_iter().find(|it| it.name == "token/keys") {
        Some(setting) => place.setting(setting).await?.unwrap_or_default(),
        None => String::new(),
    };
    if let Err(error) = Keys::from_vars(&|_| Some(jwks.clone())) {
        return Err(Wrong::new(error.to_string(), "`ops keys new`, `ops apply`"));
    }
    match place {
        Place::Local(_) => Ok("pages can be opened".to_owned()),
        Place::Deployed(stack) => deployed::signing_key(stack).await,
    }
}

/// Whose account drivers pay into.
async fn city(place: &Place, vars: &Vars<'_>, now: Timestamp) -> Result<String, Wrong> {
    let to_do = "`ops city check FILE`, `ops city put FILE`";
    let (store, _) = place.table(vars).await?;
    let city = match store.municipality(now).await {
        Ok(city) => city,
        Err(error) => return Err(Wrong::new(error.to_string(), to_do)),
    };
    if let Some(wrong) = city.wrong().first() {
        return Err(Wrong::new(wrong.to_string(), to_do));
    }
    let is_sample = city.iban.to_string().replace(' ', "") == SAMPLE_IBAN;
    if is_sample && place.is_live().await? {
        return Err(Wrong::new("the account is the sample's", to_do));
    }
    Ok(format!("{} ({})", city.name, city.id))
}

/// Whether a driver's phone gets a page of ours: name, certificate, gateway and function.
async fn pages(place: &Place) -> Result<String, Wrong> {
    let to_do = "the host's DNS must lead to `PublicDomainTarget`, its certificate must be \
                 valid, and `show-ticket` must start: its log says what it lacks";
    let public = place.public_url().await?;
    // No key has signed this: a page that says so.
    let url = format!("{public}/t/doctor");
    let answer = match asked::ask(Method::GET, &url, None, None).await {
        Ok(answer) => answer,
        Err(problem) => return Err(Wrong::new(problem.to_string(), to_do)),
    };
    let status = answer.status();
    // What only show-ticket writes: the gateway's own answers have its headers, too.
    let page = answer.text().await.unwrap_or_default();
    if status.is_client_error() && page.contains("<main data-state=") {
        Ok(format!("{public} answers"))
    } else {
        Err(Wrong::new(
            format!("{public} answers {status}, and no page of ours"),
            to_do,
        ))
    }
}

/// Whether something ends within so many days.
pub(crate) fn ends_within(days: i64, ends: Timestamp, now: Timestamp) -> bool {
    ends.duration_since(now).as_hours() < days * 24
}
