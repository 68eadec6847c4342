//! Turns `texts/*.ftl` into functions, so that a missing message or a wrong
//! variable stops the build and nothing is parsed when a function starts.

mod compile;

use std::error::Error;
use std::path::Path;
use std::{env, fs};

#[expect(
    clippy::print_stdout,
    reason = "this is how a build script speaks to Cargo"
)]
fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new("texts");
    println!("cargo::rerun-if-changed={}", folder.display());
    println!("cargo::rerun-if-changed=build");
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let tag = path.file_stem().and_then(|stem| stem.to_str());
        let tag = tag.ok_or("a file in texts/ has no name")?.to_owned();
        files.push((tag, fs::read_to_string(&path)?));
    }
    // The folder's order is not the same everywhere; the binary must be.
    files.sort();
    let out = Path::new(&env::var("OUT_DIR")?).join("texts.rs");
    fs::write(out, compile::compile(&files)?)?;
    Ok(())
}
