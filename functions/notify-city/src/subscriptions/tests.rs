use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn one(url: &str) -> String {
    with(url, &format!(r#""{SECRET}""#))
}

fn with(url: &str, secrets: &str) -> String {
    format!(r#"[{{"id":"cash-office","url":"{url}","secrets":[{secrets}]}}]"#)
}

fn refused(text: &str, on_loopback: bool) -> String {
    let error = read(text, on_loopback).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("SUBSCRIBERS"), "{text}");
    text
}

#[test]
fn an_address_with_a_name_and_tls_is_taken_as_it_is() {
    for url in [
        "https://city.example/changes?of=tickets",
        "https://city.example:443/",
        "https://xn--knllchen-p4a.example",
    ] {
        let read = read(&one(url), false).unwrap();
        assert_eq!(read[0].url.scheme(), "https");
        assert_eq!(read[0].url.port_or_known_default(), Some(443));
        assert_eq!(read[0].secrets.len(), 1);
    }
}

#[test]
fn every_other_address_is_refused_with_what_to_write() {
    for (url, write) in [
        ("http://city.example/", "begins with https://"),
        ("ftp://city.example/", "begins with https://"),
        ("city.example", "write an address"),
        ("", "write an address"),
        ("https://", "write an address"),
        ("https://127.0.0.1/", "a host's name"),
        ("https://2130706433/", "a host's name"),
        ("https://0x7f.1/", "a host's name"),
        ("https://169.254.169.254/latest", "a host's name"),
        ("https://[::1]/", "a host's name"),
        ("https://[::ffff:a9fe:a9fe]/", "a host's name"),
        ("https://8.8.8.8/", "a host's name"),
        ("https://city.example:8443/", "no port"),
        ("https://me@city.example/", "no user"),
        ("https://me:word@city.example/", "no user"),
        ("https://city.example/#here", "after #"),
        ("http://127.0.0.1:9000/", "begins with https://"),
    ] {
        let text = refused(&one(url), false);
        assert!(
            text.contains("number 1, url: ") && text.contains(write),
            "{url}: {text}"
        );
    }
}

#[test]
fn on_a_desk_loopback_is_taken_without_tls_and_nothing_else_is() {
    for url in ["http://127.0.0.1:9000/x", "http://[::1]:9000/"] {
        assert!(read(&one(url), true).is_ok(), "{url}");
    }
    for url in [
        "http://localhost:9000/",
        "http://192.168.0.1/",
        "http://[fe80::1]/",
        "http://city.example/",
        "https://127.0.0.1/",
    ] {
        refused(&one(url), true);
    }
}

#[test]
fn a_secret_is_whsec_and_24_to_64_bytes_and_there_are_one_or_two() {
    let secret = |len: usize| format!(r#""whsec_{}""#, BASE64.encode(&vec![7; len]));
    let url = "https://city.example/";
    for secrets in [
        secret(24),
        secret(64),
        format!("{},{}", secret(24), secret(32)),
    ] {
        assert!(read(&with(url, &secrets), false).is_ok(), "{secrets}");
    }
    for secrets in [
        String::new(),
        secret(23),
        secret(65),
        secret(32).replace("whsec_", ""),
        secret(32).replace("whsec_", "whsk_"),
        secret(32).replace("Bw", "B*"),
        // base64 of 32 bytes ends in one sign that fills it up.
        secret(32).replace('=', ""),
        [secret(24), secret(24), secret(24)].join(","),
    ] {
        let text = refused(&with(url, &secrets), false);
        assert!(text.contains("number 1, secrets: "), "{text}");
    }
}

#[test]
fn names_are_of_a_closed_alphabet_and_there_once() {
    let named = |ids: &[&str]| {
        let each: Vec<String> = ids
            .iter()
            .map(|id| one("https://city.example/").replace("cash-office", id))
            .map(|one| one.trim_matches(['[', ']']).to_owned())
            .collect();
        format!("[{}]", each.join(","))
    };
    assert_eq!(
        read(&named(&["a", "b-2", "c", "d", "e"]), false)
            .unwrap()
            .len(),
        5
    );
    for ids in [
        &["a", "a"][..],
        &["A"],
        &[""],
        &["a#b"],
        &["a/b"],
        &["ä"],
        &["a b"],
    ] {
        assert!(refused(&named(ids), false).contains(", id: "), "{ids:?}");
    }
    let text = refused(&named(&["a", "b", "c", "d", "e", "f"]), false);
    assert!(text.contains("has 6: write 5 at most"), "{text}");
}

#[test]
fn what_is_no_list_is_refused_and_no_secret_is_said_again() {
    for text in [
        "",
        "{}",
        "[1]",
        &format!(r#"["{SECRET}"]"#),
        &format!(r#"[{{"id":"a","url":"https://city.example/","secrets":"{SECRET}"}}]"#),
        &one("https://city.example/").replace("\"id\"", "\"name\""),
        &one("https://city.example/").replace("\"id\"", "\"more\":1,\"id\""),
    ] {
        let text = refused(text, false);
        assert!(
            text.contains("at line 1") && !text.contains("MfKQ"),
            "{text}"
        );
    }
    let shown = format!(
        "{:?}",
        read(&one("https://city.example/x-secret"), false).unwrap()
    );
    assert!(shown.contains("city.example"), "{shown}");
    assert!(
        !shown.contains("MfKQ") && !shown.contains("x-secret"),
        "{shown}"
    );
}

#[tokio::test]
async fn nobody_is_told_where_nothing_is_configured() {
    for (written, count) in [(None, 0), (Some(""), 0), (Some("[]"), 0)] {
        let vars = |name: &str| written.filter(|_| name == VARIABLE).map(str::to_owned);
        let read = Subscriptions::from_vars(&vars).await.unwrap();
        assert_eq!((read.each.len(), read.on_loopback), (count, false));
    }
    // A parameter that is named must be there.
    let vars = |name: &str| (name == "SUBSCRIBERS_PARAMETER").then(|| "/here".to_owned());
    let refused = Subscriptions::from_vars(&vars).await.unwrap_err();
    assert!(
        refused.to_string().contains("SUBSCRIBERS_PARAMETER"),
        "{refused}"
    );
}
