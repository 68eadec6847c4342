//! Where a deliberate bug goes: the place after its marker, told from the source's
//! tokens, so that a rename or another line break changes nothing.
//!
//! A marker is a comment of its own line, `// sabotage: fence not compared`. What
//! follows is its place:
//!
//! | the next token | the statement | the value |
//! |---|---|---|
//! | `let` | to `;` | what is bound |
//! | `if`, `while`, `match` | to its last block | the condition; what is matched |
//! | `.method(…)` | – | what is in the parentheses |
//! | `&&`, `\|\|` | – | this one operand |
//! | `return` | to `;` | what is returned |
//! | `name: …` in a literal | – | the field's value |
//! | `pattern => …` | – | what the arm comes to |
//! | anything else | to `;` or `,` | the same without it |

use std::collections::BTreeMap;
use std::ops::Range;
use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// What a marker begins with.
pub(crate) const MARKER: &str = "// sabotage: ";

/// How a place is changed while its bug is on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    /// The statement is left out.
    Skipped,
    /// The value, a condition, is true.
    Always,
    /// The value, a condition, is false.
    Never,
    /// The value, a condition of the table, lets every item pass that is there.
    Holds,
    /// The value, a condition of the table, takes a higher number of this
    /// attribute for the one it was read with.
    Loosened(&'static str),
    /// The value, a condition of the table, lacks this part.
    Without(&'static str),
    /// The value becomes this; `$it` stands for what it is, `$on` for whether the bug
    /// is on.
    Value(&'static str),
    /// This is done before the statement, while the bug is on.
    First(&'static str),
    /// The match gets this arm first; `$on` says that the bug is on.
    Arm(&'static str),
}

/// A place is not what its change is for.
pub(crate) type Problem = String;

/// The markers of a source, by name, and where each line of them ends.
///
/// # Errors
/// When one name is there twice.
pub(crate) fn markers(source: &str) -> Result<BTreeMap<&str, usize>, Problem> {
    let mut found = BTreeMap::new();
    let mut begins = 0;
    for line in source.split_inclusive('\n') {
        let ends = begins + line.len();
        if let Some(name) = line.trim().strip_prefix(MARKER)
            && found.insert(name, ends).is_some()
        {
            return Err(format!("the marker \"{name}\" is there twice"));
        }
        begins = ends;
    }
    Ok(found)
}

/// The source with this change at this marker; `on` says that the bug is on.
///
/// # Errors
/// When the source cannot be read, or the place does not fit its change.
pub(crate) fn changed(
    source: &str,
    marker: &str,
    change: Change,
    on: &str,
) -> Result<String, Problem> {
    let tokens = TokenStream::from_str(source).map_err(|error| error.to_string())?;
    let after = markers(source)?.remove(marker);
    let after = after.ok_or_else(|| format!("the marker \"{marker}\" is not there"))?;
    let here = following(tokens, after);
    let edits = edits(source, &here, change, on)
        .ok_or_else(|| format!("what follows \"{marker}\" is no place for {change:?}"))?;
    let mut text = source.to_owned();
    // From the end, so that what is before keeps its place.
    for (range, put) in edits.into_iter().rev() {
        text.replace_range(range, &put);
    }
    Ok(text)
}

/// The tokens after a moment, in the innermost group that holds it.
fn following(tokens: TokenStream, after: usize) -> Vec<TokenTree> {
    let trees: Vec<TokenTree> = tokens.into_iter().collect();
    let inside = trees.iter().find_map(|tree| match tree {
        TokenTree::Group(group) => {
            let range = group.span().byte_range();
            (range.start < after && after < range.end).then(|| group.stream())
        }
        TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => None,
    });
    if let Some(inside) = inside {
        return following(inside, after);
    }
    let begins = |tree: &TokenTree| tree.span().byte_range().start >= after;
    trees.into_iter().filter(begins).collect()
}

/// What is put in the place of what, in order.
fn edits(
    source: &str,
    here: &[TokenTree],
    change: Change,
    on: &str,
) -> Option<Vec<(Range<usize>, String)>> {
    let value = |put: &str| {
        let range = value(here)?;
        let it = source.get(range.clone())?;
        Some(vec![(range, put.replace("$on", on).replace("$it", it))])
    };
    // A condition of the table, with one part of it replaced.
    let condition = |part: &str, by: &str| {
        value(&format!(
            "{{ let it = String::from($it); \
             if $on {{ it.replace(\"{part}\", \"{by}\") }} else {{ it }} }}"
        ))
    };
    match change {
        Change::Skipped => {
            let Range { start, end } = statement(here)?;
            let begins = (start..start, format!("if !{on} {{ "));
            Some(vec![begins, (end..end, " }".to_owned())])
        }
        // One operand of several keeps its place in between.
        Change::Always if is_operator(here, 0, ['&', '&']) => value("($on || ($it))"),
        Change::Always => value("$on || ($it)"),
        // What binds something must not be in parentheses.
        Change::Never if binds(here) => value("!$on && $it"),
        Change::Never => value("!$on && ($it)"),
        Change::Holds => value(
            "{ let it = String::from($it); \
             if $on { format!(\"attribute_exists(pk) OR ({it})\") } else { it } }",
        ),
        Change::Loosened(name) => {
            condition(&format!("{name} = :{name}"), &format!("{name} >= :{name}"))
        }
        Change::Without(part) => condition(part, "attribute_exists(pk)"),
        Change::Value(put) => value(put),
        Change::First(put) => {
            let begins = here.first()?.span().byte_range().start;
            Some(vec![(begins..begins, format!("if {on} {{ {put} }} "))])
        }
        Change::Arm(put) => {
            let block = here.iter().position(is_block)?;
            let is_match = here[..block].iter().any(|tree| is_word(tree, "match"));
            let block = here.get(block).filter(|_| is_match)?;
            let begins = block.span().byte_range().start + 1;
            Some(vec![(
                begins..begins,
                format!(" {} ", put.replace("$on", on)),
            )])
        }
    }
}

fn is_word(tree: &TokenTree, word: &str) -> bool {
    matches!(tree, TokenTree::Ident(ident) if ident == word)
}

fn is_sign(tree: &TokenTree, sign: char) -> bool {
    matches!(tree, TokenTree::Punct(punct) if punct.as_char() == sign)
}

fn is_block(tree: &TokenTree) -> bool {
    matches!(tree, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

/// Whether two signs in a row are this operator.
fn is_operator(trees: &[TokenTree], at: usize, operator: [char; 2]) -> bool {
    let two = trees.get(at).zip(trees.get(at + 1));
    two.is_some_and(|(one, other)| is_sign(one, operator[0]) && is_sign(other, operator[1]))
}

/// Whether a condition binds something: `if let Some(a) = b && c`.
fn binds(here: &[TokenTree]) -> bool {
    let condition = here.iter().take_while(|tree| !is_block(tree));
    here.first().is_some_and(|first| is_word(first, "if"))
        && condition.skip(1).any(|tree| is_word(tree, "let"))
}

/// From the first of these tokens to the last.
fn range(trees: &[TokenTree]) -> Option<Range<usize>> {
    let begins = trees.first()?.span().byte_range().start;
    Some(begins..trees.last()?.span().byte_range().end)
}

/// The statement that begins here.
fn statement(here: &[TokenTree]) -> Option<Range<usize>> {
    let first = here.first()?;
    let has_blocks = ["if", "while", "match", "for", "loop"]
        .iter()
        .any(|word| is_word(first, word));
    let mut last = 0;
    for (at, tree) in here.iter().enumerate() {
        last = at;
        let goes_on = here.get(at + 1).is_some_and(|next| is_word(next, "else"));
        if is_sign(tree, ';') || has_blocks && is_block(tree) && !goes_on {
            break;
        }
        if is_sign(tree, ',') {
            last = at.checked_sub(1)?;
            break;
        }
    }
    range(&here[..=last])
}

/// The value that the place after a marker has.
fn value(here: &[TokenTree]) -> Option<Range<usize>> {
    let first = here.first()?;
    let until = |trees: &'_ [TokenTree], ends: &dyn Fn(&[TokenTree], usize) -> bool| {
        let end = (0..trees.len()).find(|at| ends(trees, *at));
        range(&trees[..end.unwrap_or(trees.len())])
    };
    let ends =
        |trees: &[TokenTree], at: usize| is_sign(&trees[at], ';') || is_sign(&trees[at], ',');
    if is_sign(first, '.') {
        let group = here.iter().find_map(|tree| match tree {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => Some(group),
            TokenTree::Group(_)
            | TokenTree::Ident(_)
            | TokenTree::Punct(_)
            | TokenTree::Literal(_) => None,
        })?;
        let inside: Vec<TokenTree> = group.stream().into_iter().collect();
        let comma = inside.last().is_some_and(|last| is_sign(last, ','));
        return range(&inside[..inside.len() - usize::from(comma)]);
    }
    if is_operator(here, 0, ['&', '&']) || is_operator(here, 0, ['|', '|']) {
        return until(&here[2..], &|trees, at| {
            ends(trees, at)
                || is_operator(trees, at, ['&', '&'])
                || is_operator(trees, at, ['|', '|'])
                || is_block(&trees[at])
        });
    }
    if ["if", "while", "match"]
        .iter()
        .any(|word| is_word(first, word))
    {
        return until(&here[1..], &|trees, at| is_block(&trees[at]));
    }
    if is_word(first, "return") {
        return until(&here[1..], &ends);
    }
    let own = (0..here.len())
        .find(|at| ends(here, *at))
        .unwrap_or(here.len());
    let own = &here[..own];
    let from = if is_word(first, "let") {
        // Not `==`, `=>`, `<=`, `>=` or `!=`.
        let single = |at: &usize| {
            let beside = |at: Option<usize>| {
                at.and_then(|at| own.get(at)).is_some_and(|tree| {
                    ['=', '>', '<', '!'].iter().any(|sign| is_sign(tree, *sign))
                })
            };
            is_sign(&own[*at], '=') && !beside(at.checked_sub(1)) && !beside(Some(at + 1))
        };
        (0..own.len()).find(single)? + 1
    } else if let Some(arrow) = (0..own.len()).find(|at| is_operator(own, *at, ['=', '>'])) {
        arrow + 2
    } else if own.get(1).is_some_and(|tree| is_sign(tree, ':')) && !is_operator(own, 1, [':', ':'])
    {
        2
    } else {
        0
    };
    range(&own[from..])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The source after its one marker's place was changed.
    fn put(source: &str, change: Change) -> Result<String, Problem> {
        let changed = changed(source, "it", change, "on()")?;
        let marker = format!("{MARKER}it\n");
        let (before, after) = changed.split_once(&marker).expect("the marker stays");
        Ok(format!("{before}{after}"))
    }

    #[test]
    fn a_statement_is_left_out_up_to_its_end() {
        let source = "fn f() { a();\n// sabotage: it\nself.b(c, {\";\"}).await?; d() }";
        let skipped = "fn f() { a();\nif !on() { self.b(c, {\";\"}).await?; } d() }";
        assert_eq!(put(source, Change::Skipped).as_deref(), Ok(skipped));
        let source = "fn f() {\n// sabotage: it\nif a { b() } else { c() } d() }";
        let skipped = "fn f() {\nif !on() { if a { b() } else { c() } } d() }";
        assert_eq!(put(source, Change::Skipped).as_deref(), Ok(skipped));
    }

    #[test]
    fn a_condition_is_found_wherever_it_stands() {
        let never = [
            (
                "fn f() {\n// sabotage: it\nif let Some(a) = b && c { d() } }",
                "fn f() {\nif !on() && let Some(a) = b && c { d() } }",
            ),
            (
                "fn f() -> bool { a\n// sabotage: it\n&& b == c(d, e)\n&& g }",
                "fn f() -> bool { a\n&& !on() && (b == c(d, e))\n&& g }",
            ),
            (
                "fn f() { g(a)\n// sabotage: it\n.read(true)\n.send() }",
                "fn f() { g(a)\n.read(!on() && (true))\n.send() }",
            ),
            (
                "fn f() { S {\n// sabotage: it\nname: a == b,\nother } }",
                "fn f() { S {\nname: !on() && (a == b),\nother } }",
            ),
        ];
        for (source, expected) in never {
            assert_eq!(put(source, Change::Never).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn a_value_is_found_wherever_it_stands() {
        let value = Change::Value("($it)?");
        let values = [
            (
                "fn f() {\n// sabotage: it\nlet a: T = b == c; }",
                "fn f() {\nlet a: T = (b == c)?; }",
            ),
            (
                "fn f() { match a {\n// sabotage: it\nA::B { c } => g(c, 1),\nA::D => h } }",
                "fn f() { match a {\nA::B { c } => (g(c, 1))?,\nA::D => h } }",
            ),
            (
                "fn f() { if a {\n// sabotage: it\nreturn b;\n} }",
                "fn f() { if a {\nreturn (b)?;\n} }",
            ),
            (
                "fn f() {\n// sabotage: it\na::b(c)\n}",
                "fn f() {\n(a::b(c))?\n}",
            ),
        ];
        for (source, expected) in values {
            assert_eq!(put(source, value).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn a_place_that_does_not_fit_is_a_problem_and_no_bug() {
        let source = "fn f() {\n// sabotage: it\n}";
        assert!(put(source, Change::Skipped).is_err());
        let source = "fn f() {\n// sabotage: it\nlet a = b; }";
        assert!(put(source, Change::Arm("C => d,")).is_err());
        assert!(changed("fn f() {}", "it", Change::Never, "on()").is_err());
        let twice = "// sabotage: it\n// sabotage: it\n";
        assert!(markers(twice).is_err());
    }
}
