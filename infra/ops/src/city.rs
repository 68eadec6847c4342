//! What a city is: a file, checked before it is written.

use std::path::Path;

use jiff::Timestamp;
use ticket::Municipality;

use crate::stack::Stack;
use crate::{Problem, Vars, table};

/// The account of `infra/local/kaiserslautern.json`: nobody may be asked to pay into it.
const SAMPLE_IBAN: &str = "DE89370400440532013000";

/// Reads a file, and says all that is wrong with it at once.
pub(crate) fn check(file: &Path) -> Result<Municipality, Problem> {
    let shown = file.display();
    let text =
        std::fs::read_to_string(file).map_err(|error| Problem::new(format!("{shown}: {error}")))?;
    let city: Municipality =
        serde_json::from_str(&text).map_err(|error| Problem::new(format!("{shown}: {error}")))?;
    let wrong = city.wrong();
    if wrong.is_empty() {
        return Ok(city);
    }
    let lines: Vec<String> = wrong.iter().map(ToString::to_string).collect();
    Err(Problem::new(format!("{shown}\n  {}", lines.join("\n  "))))
}

/// Writes it into the stack's table, with who has done it.
pub(crate) async fn put(
    stack: &Stack,
    city: &Municipality,
    vars: &Vars<'_>,
    now: Timestamp,
) -> Result<Vec<String>, Problem> {
    let description = stack.description().await?;
    let parameter = |name: &str| {
        let parameters = description["Parameters"].as_array().into_iter().flatten();
        let mut named = parameters.filter(|it| it["ParameterKey"] == name);
        named.next().and_then(|it| it["ParameterValue"].as_str())
    };
    if parameter("Municipality") != Some(&city.id) {
        let configured = parameter("Municipality").unwrap_or("none");
        return Err(Problem::new(format!(
            "the file is of {}, and the stack's Municipality is {configured}: nothing was written",
            city.id
        )));
    }
    let is_live = parameter("PayPalEnvironment") == Some("live");
    if is_live && city.iban.to_string().replace(' ', "") == SAMPLE_IBAN {
        return Err(Problem::new(
            "the account is the sample's, and drivers would pay into it: nothing was written",
        ));
    }
    let (store, by) = table::of(stack, &city.id, vars).await?;
    store.put_municipality(city, &by, now).await?;
    Ok(vec![format!(
        "{} is configured; the pages have it within five minutes",
        city.name
    )])
}
