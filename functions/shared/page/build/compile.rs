//! From Fluent messages to Rust source: one function a message, one match arm
//! a language.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use fluent_syntax::unicode::unescape_unicode_to_string;

/// One part of a message.
enum Part {
    Words(String),
    Variable(String),
}

type Messages = BTreeMap<String, Vec<Part>>;

/// The source of `impl Texts`, from pairs of language tag and `.ftl` text.
///
/// # Errors
/// With a sentence naming file and message, when a file cannot be read, a
/// message is missing in one of the languages, or two languages differ in a
/// message's variables.
pub(crate) fn compile(files: &[(String, String)]) -> Result<String, String> {
    let mut languages = BTreeMap::new();
    for (tag, text) in files {
        languages.insert(tag.as_str(), messages(tag, text)?);
    }
    let mut ids: Vec<&String> = languages.values().flat_map(BTreeMap::keys).collect();
    ids.sort();
    ids.dedup();
    let mut source = String::from("impl Texts {\n");
    for id in ids {
        function(&mut source, id, &languages)?;
    }
    source.push_str("}\n");
    Ok(source)
}

fn messages(tag: &str, text: &str) -> Result<Messages, String> {
    let resource = fluent_syntax::parser::parse(text)
        .map_err(|(_, errors)| format!("texts/{tag}.ftl: {errors:?}"))?;
    let mut messages = Messages::new();
    for entry in resource.body {
        match entry {
            Entry::Message(message) => {
                let id = message.id.name.to_owned();
                let value = message
                    .value
                    .filter(|_| message.attributes.is_empty())
                    .ok_or_else(|| format!("texts/{tag}.ftl: {id}: write one text"))?;
                let parts = parts(&value).map_err(|why| format!("texts/{tag}.ftl: {id}: {why}"))?;
                if messages.insert(id.clone(), parts).is_some() {
                    return Err(format!("texts/{tag}.ftl: {id} is there twice"));
                }
            }
            Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) => {}
            Entry::Term(term) => {
                return Err(format!("texts/{tag}.ftl: -{}: no terms", term.id.name));
            }
            Entry::Junk { content } => {
                return Err(format!("texts/{tag}.ftl: not Fluent: {content}"));
            }
        }
    }
    Ok(messages)
}

fn parts(pattern: &Pattern<&str>) -> Result<Vec<Part>, &'static str> {
    pattern
        .elements
        .iter()
        .map(|element| match element {
            // A line break in the file is a space on the page.
            PatternElement::TextElement { value } => Ok(Part::Words(value.replace('\n', " "))),
            PatternElement::Placeable {
                expression: Expression::Inline(InlineExpression::VariableReference { id }),
            } => Ok(Part::Variable(id.name.replace('-', "_"))),
            PatternElement::Placeable {
                expression: Expression::Inline(InlineExpression::StringLiteral { value }),
            } => Ok(Part::Words(unescape_unicode_to_string(value).into_owned())),
            PatternElement::Placeable { .. } => {
                Err("only variables and quoted text are understood in braces")
            }
        })
        .collect()
}

fn variables(parts: &[Part]) -> Vec<&str> {
    let mut variables: Vec<&str> = parts
        .iter()
        .filter_map(|part| match part {
            Part::Variable(name) => Some(name.as_str()),
            Part::Words(_) => None,
        })
        .collect();
    variables.sort_unstable();
    variables.dedup();
    variables
}

fn function(
    source: &mut String,
    id: &str,
    languages: &BTreeMap<&str, Messages>,
) -> Result<(), String> {
    let mut arms = String::new();
    let mut expected: Option<Vec<&str>> = None;
    for (tag, messages) in languages {
        let parts = messages
            .get(id)
            .ok_or_else(|| format!("texts/{tag}.ftl: {id} is missing"))?;
        let variables = variables(parts);
        if *expected.get_or_insert_with(|| variables.clone()) != variables {
            return Err(format!(
                "texts/{tag}.ftl: {id} has other variables than in the other languages"
            ));
        }
        let variant = variant(tag);
        // Writing to a String cannot fail.
        let _ = writeln!(
            arms,
            "            Language::{variant} => {},",
            expression(parts)
        );
    }
    let variables = expected.unwrap_or_default();
    let parameters: String = variables
        .iter()
        .flat_map(|name| [", ", name, ": &str"])
        .collect();
    let returns = if variables.is_empty() {
        "&'static str"
    } else {
        "String"
    };
    let _ = write!(
        source,
        "    pub(crate) fn {}(self{parameters}) -> {returns} {{\n        match self.0 {{\n{arms}        }}\n    }}\n",
        id.replace('-', "_"),
    );
    Ok(())
}

/// `de` as `De`: a file without a variant of `ticket::Language`, or a variant
/// without a file, does not compile.
fn variant(tag: &str) -> String {
    let (first, rest) = tag.split_at(1);
    first.to_uppercase() + rest
}

fn expression(parts: &[Part]) -> String {
    let is_fixed = variables(parts).is_empty();
    let mut joined: Vec<String> = Vec::new();
    let mut words = String::new();
    for part in parts {
        match part {
            Part::Words(text) => words.push_str(text),
            Part::Variable(name) => {
                if !words.is_empty() {
                    joined.push(format!("{:?}", std::mem::take(&mut words)));
                }
                joined.push(name.clone());
            }
        }
    }
    if is_fixed {
        return format!("{words:?}");
    }
    if !words.is_empty() {
        joined.push(format!("{words:?}"));
    }
    format!("[{}].concat()", joined.join(", "))
}
