//! A private key in `--data DIR`.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use data_encoding::{BASE64, BASE64_MIME};

/// A key cannot be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum KeptKeyError {
    /// The file cannot be read or written.
    #[error("cannot keep a key in {path}")]
    File {
        /// Where.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file holds something else.
    #[error("{path} holds no {what} key in PKCS#8 PEM: delete it to get a new one")]
    NotAKey {
        /// Where.
        path: String,
        /// `Ed25519` or `RSA`.
        what: &'static str,
    },
}

/// The key of this kind in the file, which `read` makes out of PKCS#8 DER; where there
/// is none, a `new` one, which is kept.
pub(crate) fn kept_key<K, E: From<KeptKeyError>>(
    path: &Path,
    what: &'static str,
    read: impl FnOnce(&[u8]) -> Option<K>,
    new: impl FnOnce() -> Result<(K, Vec<u8>), E>,
) -> Result<K, E> {
    let shown = path.display().to_string();
    let failed = |source| KeptKeyError::File {
        path: shown.clone(),
        source,
    };
    if path.exists() {
        let text = fs::read_to_string(path).map_err(failed)?;
        let key = der(&text).and_then(|der| read(&der));
        return Ok(key.ok_or(KeptKeyError::NotAKey { path: shown, what })?);
    }
    let (key, der) = new()?;
    // Renamed when it is whole: half a key would have to be deleted by hand.
    let aside = path.with_extension("new");
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&aside)
        .and_then(|mut file| file.write_all(pem(&der).as_bytes()))
        .and_then(|()| fs::rename(&aside, path))
        .map_err(failed)?;
    Ok(key)
}

/// PKCS#8 DER as PEM.
pub(crate) fn pem(der: &[u8]) -> String {
    let lines = BASE64_MIME.encode(der).replace("\r\n", "\n");
    let lines = lines.trim_end();
    format!("-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----\n")
}

fn der(pem: &str) -> Option<Vec<u8>> {
    let lines = pem.lines().filter(|line| !line.starts_with("-----"));
    BASE64.decode(lines.collect::<String>().as_bytes()).ok()
}
