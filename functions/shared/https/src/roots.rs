//! Who vouches for a server.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::{self, PemObject};

/// Where a file of certificates is named that are trusted instead of those compiled in, as
/// every program that uses OpenSSL or the AWS SDK knows it.
const FILE: &str = "SSL_CERT_FILE";

/// Nobody can be trusted; refuse to start.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// The file cannot be read.
    #[error("{FILE}: {path} cannot be read as a file of certificates: {source}")]
    Unreadable {
        /// The path the variable holds.
        path: String,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// The TLS library refuses its own defaults.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}

/// Those of webpki-roots; where `SSL_CERT_FILE` is set, those of that file instead.
///
/// # Errors
/// When there is such a file and it cannot be read.
pub fn trusted(vars: &dyn Fn(&str) -> Option<String>) -> Result<RootCertStore, RootsError> {
    let Some(path) = vars(FILE).filter(|path| !path.is_empty()) else {
        let roots = webpki_roots::TLS_SERVER_ROOTS.to_vec();
        return Ok(RootCertStore { roots });
    };
    let unreadable = |source| RootsError::Unreadable {
        path: path.clone(),
        source,
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(&path).map_err(unreadable)? {
        // One of a system's many that is not understood vouches for nobody.
        let _ = roots.add(certificate.map_err(unreadable)?);
    }
    Ok(roots)
}

/// TLS as a client, which trusts these.
///
/// # Errors
/// When the TLS library refuses its own defaults.
pub fn tls(roots: RootCertStore) -> Result<ClientConfig, RootsError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
