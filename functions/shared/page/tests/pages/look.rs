//! For eyes: `cargo test -p page -- --ignored` writes every page into
//! `pages/` of Cargo's folder for tests' files (`target/tmp`).

use std::fs;
use std::path::Path;

use crate::samples;

#[test]
#[ignore = "writes files to look at"]
fn every_page_can_be_looked_at() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    fs::create_dir_all(&folder).unwrap();
    for sample in samples::all() {
        let file = folder.join(format!("{}.html", sample.name));
        fs::write(file, sample.response.body()).unwrap();
    }
}
