//! What is started: our functions, and what they are held against.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use binaries::{City, FUNCTIONS, Variables};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::sandbox::Program;

/// The floor, and what does less than a page, in Rust.
const PEERS: [&str; 3] = ["floor", "hello", "get-item"];

/// Copies what is started. What a linker has written lies in small pieces in the page cache,
/// and a third more CPU goes into reading it at each start than into reading a copy.
pub(crate) fn copy(from: &Path, to: &Path) {
    for name in FUNCTIONS.iter().chain(&PEERS) {
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
}

/// All of them. Peers come with the variables of `show-ticket`, which does what they do.
pub(crate) fn all(city: &City, folder: &Path) -> Vec<Program> {
    let ours = FUNCTIONS.map(|name| Program {
        name,
        command: folder.join(name),
        arguments: Vec::new(),
        variables: variables(city, name),
    });
    let peers = PEERS.map(|name| Program {
        name,
        command: folder.join(name),
        arguments: Vec::new(),
        variables: variables(city, "show-ticket"),
    });
    let load = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut trusting = variables(city, "show-ticket");
    let roots = trusting["SSL_CERT_FILE"].clone();
    for name in ["NODE_EXTRA_CA_CERTS", "AWS_CA_BUNDLE"] {
        trusting.insert(name.to_owned(), roots.clone());
    }
    let others = [
        Program {
            name: "node",
            command: PathBuf::from("/usr/bin/env"),
            arguments: vec!["node".into(), load.join("node/bundle.mjs")],
            variables: trusting.clone(),
        },
        Program {
            name: "python",
            command: load.join("../../.tools/venv/bin/python"),
            arguments: vec![load.join("python/function.py")],
            variables: trusting,
        },
    ];
    ours.into_iter().chain(peers).chain(others).collect()
}

/// The one of this name.
pub(crate) fn by_name<'a>(programs: &'a [Program], name: &str) -> &'a Program {
    let mut found = programs.iter().filter(|program| program.name == name);
    found.next().unwrap()
}

fn variables(city: &City, function: &str) -> Variables {
    let mut variables = city.variables(function);
    if function == "notify-city" {
        variables.insert("SUBSCRIBERS_ON_LOOPBACK".to_owned(), "allowed".to_owned());
    }
    variables
}

/// How large a function is, in bytes.
pub(crate) struct Size {
    pub(crate) name: &'static str,
    pub(crate) file: u64,
    pub(crate) gzip: u64,
}

/// The sizes of ours.
pub(crate) fn sizes(folder: &Path) -> Vec<Size> {
    let size = |name| {
        let path = folder.join(name);
        let file = fs::metadata(&path).unwrap().len();
        let mut gzip = GzEncoder::new(Counting(0), Compression::best());
        io::copy(&mut File::open(&path).unwrap(), &mut gzip).unwrap();
        let gzip = gzip.finish().unwrap().0;
        Size { name, file, gzip }
    };
    FUNCTIONS.map(size).into()
}

struct Counting(u64);

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
