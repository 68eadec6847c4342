//! What a command has to say.

use serde_json::{Value, json};

/// Lines for whoever typed the command, and the same for a program.
#[derive(Debug)]
pub(crate) struct Report {
    lines: Vec<String>,
    json: Value,
    /// Whether all is as it should be: else the command ends with 1.
    pub(crate) is_well: bool,
}

impl Report {
    /// Lines, and what they say as JSON.
    pub(crate) fn new(lines: Vec<String>, json: Value) -> Self {
        Self {
            lines,
            json,
            is_well: true,
        }
    }

    /// As it is printed.
    pub(crate) fn printed(&self, as_json: bool) -> String {
        if as_json {
            self.json.to_string()
        } else {
            self.lines.join("\n")
        }
    }
}

impl From<Vec<String>> for Report {
    fn from(lines: Vec<String>) -> Self {
        let json = json!({ "lines": lines });
        Self::new(lines, json)
    }
}

impl From<String> for Report {
    fn from(line: String) -> Self {
        vec![line].into()
    }
}
