//! Prints what it costs.

use std::error::Error;
use std::io::Write;

use cost::Inputs;

fn main() -> Result<(), Box<dyn Error>> {
    let report = Inputs::read()?.report()?;
    std::io::stdout().write_all(report.as_bytes())?;
    Ok(())
}
