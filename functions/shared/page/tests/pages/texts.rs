//! The build refuses words that are not complete.

// Only half of it is asked for here; the build asks for the rest.
#[path = "../../build/compile.rs"]
mod compile;

use compile::compile;

fn build(files: &[(&str, &str)]) -> Result<String, String> {
    let files: Vec<(String, String)> = files
        .iter()
        .map(|(tag, text)| ((*tag).to_owned(), (*text).to_owned()))
        .collect();
    compile(&files)
}

#[test]
fn every_language_there_is_has_a_complete_file() {
    let files = [
        ("de", include_str!("../../texts/de.ftl")),
        ("en", include_str!("../../texts/en.ftl")),
    ];
    let tags = ticket::Language::ALL.map(ticket::Language::tag);
    assert_eq!(files.map(|(tag, _)| tag), tags);
    build(&files).unwrap();
}

#[test]
fn a_missing_message_names_file_and_message() {
    let error = build(&[("de", "a = eins\nb = zwei\n"), ("en", "a = one\n")]).unwrap_err();
    assert_eq!(error, "texts/en.ftl: b is missing");
    let error = build(&[("de", "a = eins\n"), ("en", "a = one\nb = two\n")]).unwrap_err();
    assert_eq!(error, "texts/de.ftl: b is missing");
}

#[test]
fn a_translation_has_the_same_variables() {
    let error = build(&[("de", "a = { $x }\n"), ("en", "a = { $y }\n")]).unwrap_err();
    assert!(error.starts_with("texts/en.ftl: a "), "{error}");
}

#[test]
fn what_is_not_understood_stops_the_build() {
    for text in [
        "a =\n",
        "a = x\na = y\n",
        "a = { $n ->\n    [one] x\n   *[other] y\n}\n",
        "a = { -b }\n-b = x\n",
        "a = x\n    .title = y\n",
        "not fluent",
    ] {
        let error = build(&[("de", text)]).unwrap_err();
        assert!(error.starts_with("texts/de.ftl: "), "{text}: {error}");
    }
}

#[test]
fn a_message_becomes_a_function() {
    let source = build(&[
        ("de", "a-b = { $x } \"und\"\n    { \"\\u00A0\" }mehr\n"),
        ("en", "a-b = and { $x }\n"),
    ])
    .unwrap();
    for line in [
        "pub(crate) fn a_b(self, x: &str) -> String {",
        "Language::De => [x, \" \\\"und\\\" \\u{a0}mehr\"].concat(),",
        "Language::En => [\"and \", x].concat(),",
    ] {
        assert!(source.contains(line), "{source}");
    }
}
