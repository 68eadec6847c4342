//! What a city is: a file, checked before it is written.

use std::path::Path;

use jiff::Timestamp;
use ticket::Municipality;

use crate::place::Place;
use crate::report::Report;
use crate::{Problem, Vars};

/// The account of `infra/local/kaiserslautern.json`: nobody may be asked to pay into it.
pub(crate) const SAMPLE_IBAN: &str = "DE89370400440532013000";

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
    place: &Place,
    city: &Municipality,
    vars: &Vars<'_>,
    now: Timestamp,
) -> Result<Report, Problem> {
    let configured = place.municipality().await?;
    if configured != city.id {
        return Err(Problem::new(format!(
            "the file is of {}, and the stack's Municipality is {configured}: nothing was written",
            city.id
        )));
    }
    if place.is_live().await? && city.iban.to_string().replace(' ', "") == SAMPLE_IBAN {
        return Err(Problem::new(
            "the account is the sample's, and drivers would pay into it: nothing was written",
        ));
    }
    let (store, by) = place.table(vars).await?;
    store.put_municipality(city, &by, now).await?;
    let name = &city.name;
    Ok(format!("{name} is configured; the pages have it within five minutes").into())
}
