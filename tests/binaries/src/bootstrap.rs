//! Where the binaries are.

use std::path::PathBuf;

/// The Lambdas, each built as a binary of this name.
pub const FUNCTIONS: [&str; 10] = [
    "show-ticket",
    "start-checkout",
    "finish-checkout",
    "receive-webhook",
    "reconcile-payments",
    "compare-books",
    "issue-tickets",
    "manage-tickets",
    "record-payments",
    "notify-city",
];

/// What builds them.
pub const BUILD: &str = "cargo build -p show-ticket -p start-checkout -p finish-checkout \
    -p receive-webhook -p reconcile-payments -p compare-books -p issue-tickets -p manage-tickets \
    -p record-payments -p notify-city";

/// The function's binary: in `target/debug` when this test runs from
/// `target/debug/deps`.
pub(crate) fn path(function: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let built = test.parent().and_then(|deps| deps.parent()).unwrap();
    let path = built.join(function);
    assert!(
        path.exists(),
        "{} is not built: run tests/run, or {BUILD}",
        path.display()
    );
    path
}
