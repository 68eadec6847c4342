//! Dependencies go one way, and only where the architecture says.

#![expect(clippy::unwrap_used, reason = "what fails to unwrap fails the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use contract::{Linked, Workspace, dependencies, linked};

/// Who links which of our own crates: everything, so that an arrow more is as
/// red as an arrow less.
const OWN: [(&str, &[&str]); 21] = [
    // They decide or know one thing each.
    ("ticket", &[]),
    ("logs", &[]),
    ("https", &[]),
    ("gateway", &[]),
    ("parameters", &["https"]),
    ("store", &["https", "ticket"]),
    ("page", &["ticket"]),
    ("office", &["store", "ticket"]),
    ("token", &["parameters", "ticket"]),
    ("paypal", &["https", "parameters", "ticket"]),
    ("settle", &["parameters", "paypal", "store", "ticket"]),
    // The Lambdas.
    (
        "show-ticket",
        &["gateway", "logs", "page", "store", "ticket", "token"],
    ),
    (
        "start-checkout",
        &[
            "gateway", "logs", "page", "paypal", "settle", "store", "ticket", "token",
        ],
    ),
    (
        "finish-checkout",
        &[
            "gateway", "logs", "page", "paypal", "settle", "store", "ticket",
        ],
    ),
    (
        "receive-webhook",
        &["gateway", "logs", "paypal", "settle", "store", "ticket"],
    ),
    (
        "reconcile-payments",
        &["logs", "paypal", "settle", "store", "ticket"],
    ),
    (
        "compare-books",
        &["logs", "paypal", "settle", "store", "ticket"],
    ),
    (
        "issue-tickets",
        &["gateway", "logs", "office", "store", "ticket", "token"],
    ),
    (
        "manage-tickets",
        &["gateway", "logs", "office", "store", "ticket", "token"],
    ),
    (
        "record-payments",
        &["gateway", "logs", "office", "store", "ticket"],
    ),
    (
        "notify-city",
        &[
            "gateway",
            "https",
            "logs",
            "office",
            "parameters",
            "store",
            "ticket",
        ],
    ),
];

/// What only these of the deployed crates may know about.
const ONLY_IN: [(&str, &[&str]); 14] = [
    ("aws-sdk-dynamodb", &["store"]),
    ("serde_dynamo", &["store"]),
    ("aws-sigv4", &["parameters"]),
    ("reqwest", &["paypal", "notify-city"]),
    ("rustls", &["https", "paypal"]),
    ("webpki-roots", &["https"]),
    ("hyper-rustls", &["https"]),
    ("rustls-webpki", &["paypal"]),
    ("x509-parser", &["paypal"]),
    ("jsonwebtoken", &["token"]),
    ("askama", &["page"]),
    ("holiday_de", &["ticket"]),
    ("qrcode", &["issue-tickets"]),
    ("png", &["issue-tickets"]),
];

/// Second ways of doing what one way must do: a second crypto stack, a second
/// TLS, another client of AWS. And what is large and never run: HTTP/2, host names in
/// Unicode (`idna_adapter` is held at 1.0.0, which has none).
const IN_NO_BINARY: [&str; 9] = [
    "aws-smithy-http-client",
    "h2",
    "icu_normalizer",
    "aws-sdk-ssm",
    "ring",
    "openssl-sys",
    "native-tls",
    "rustls-rustcrypto",
    "ureq",
];

/// What is linked into each Lambda; asked once for all tests.
fn lambdas() -> &'static BTreeMap<String, BTreeSet<Linked>> {
    static LAMBDAS: OnceLock<BTreeMap<String, BTreeSet<Linked>>> = OnceLock::new();
    LAMBDAS.get_or_init(|| {
        let workspace = Workspace::ask().unwrap();
        let names = workspace.lambdas().into_iter();
        names
            .map(|name| (name.to_owned(), linked(name).unwrap()))
            .collect()
    })
}

#[test]
fn our_crates_link_each_other_exactly_as_listed() {
    let workspace = Workspace::ask().unwrap();
    let ours: BTreeSet<&str> = workspace.members().into_keys().collect();
    let deployed = workspace.under("functions");
    let listed: BTreeMap<&str, BTreeSet<&str>> = OWN
        .map(|(name, own)| (name, own.iter().copied().collect()))
        .into();
    assert_eq!(deployed, listed.keys().copied().collect());
    let members = workspace.members();
    for (name, own) in listed {
        let all = dependencies(members[name]);
        let found: BTreeSet<&str> = all.intersection(&ours).copied().collect();
        assert_eq!(found, own, "{name}");
    }
}

#[test]
fn what_a_crate_alone_may_know_no_other_deployed_crate_names() {
    let workspace = Workspace::ask().unwrap();
    let members = workspace.members();
    for name in workspace.under("functions") {
        let all = dependencies(members[name]);
        for (known, by) in ONLY_IN {
            assert!(
                by.contains(&name) || !all.contains(known),
                "{name} names {known}, which only {by:?} may"
            );
        }
    }
}

#[test]
fn the_crate_that_decides_has_no_way_to_do_anything() {
    let names: BTreeSet<String> = linked("ticket")
        .unwrap()
        .into_iter()
        .map(|l| l.name)
        .collect();
    for doing in [
        "tokio",
        "hyper",
        "http",
        "tracing",
        "aws-smithy-types",
        "rustls",
    ] {
        assert!(!names.contains(doing), "ticket links {doing}");
    }
}

#[test]
fn a_function_that_calls_nobody_does_not_link_a_client() {
    for (name, linked) in lambdas() {
        let has = |wanted: &str| linked.iter().any(|one| one.name == wanted);
        let calls = has("paypal") || name == "notify-city";
        assert_eq!(has("reqwest"), calls, "{name}");
    }
}

#[test]
fn only_the_function_that_issues_can_sign_and_draw() {
    for (name, linked) in lambdas() {
        let signs = linked
            .iter()
            .any(|one| one.name == "token" && one.features.contains("signing"));
        assert_eq!(signs, name == "issue-tickets", "{name}");
        let draws = linked.iter().any(|one| one.name == "qrcode");
        assert_eq!(draws, name == "issue-tickets", "{name}");
    }
}

/// PayPal's credentials cannot tell a capture from a refund, so the binaries must.
#[test]
fn only_the_sweep_has_the_call_that_gives_money_back() {
    for (name, linked) in lambdas() {
        let refunds = linked
            .iter()
            .any(|one| one.name == "paypal" && one.features.contains("refunds"));
        assert_eq!(refunds, name == "reconcile-payments", "{name}");
    }
}

#[test]
fn a_function_reads_only_the_events_of_its_own_door() {
    let public = [
        "show-ticket",
        "start-checkout",
        "finish-checkout",
        "receive-webhook",
    ];
    let office = [
        "issue-tickets",
        "manage-tickets",
        "record-payments",
        "notify-city",
    ];
    for (name, linked) in lambdas() {
        let reads = |kind: &str| {
            linked
                .iter()
                .any(|one| one.name == "lambda_http" && one.features.contains(kind))
        };
        assert_eq!(
            reads("apigw_rest"),
            public.contains(&name.as_str()),
            "{name}"
        );
        assert_eq!(
            reads("apigw_http"),
            office.contains(&name.as_str()),
            "{name}"
        );
        assert!(!reads("alb") && !reads("apigw_websockets"), "{name}");
    }
}

#[test]
fn every_binary_has_one_crypto_library_and_one_tls() {
    for (name, linked) in lambdas() {
        let versions = |wanted: &str| linked.iter().filter(|one| one.name == wanted).count();
        assert_eq!(versions("aws-lc-rs"), 1, "{name}");
        assert_eq!(versions("aws-lc-sys"), 1, "{name}");
        assert_eq!(versions("rustls"), 1, "{name}");
        for other in IN_NO_BINARY {
            assert_eq!(versions(other), 0, "{name} links {other}");
        }
    }
}

#[test]
fn no_deployed_crate_links_the_stack_for_one_machine() {
    for (name, linked) in lambdas() {
        for one in linked {
            assert!(
                ![
                    "local",
                    "paypal-standin",
                    "dynoxide-rs",
                    "rcgen",
                    "journeys",
                    "simulation"
                ]
                .contains(&one.name.as_str()),
                "{name} links {}",
                one.name
            );
        }
    }
}
