//! Against a server on this machine whose authority nobody knows.

use std::path::Path;
use std::sync::Arc;

use aws_smithy_types::body::SdkBody;
use http::{Request, StatusCode};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::Https;

/// Answers one request after the other by 204; its address, and who vouches for it.
async fn server() -> (String, NamedTempFile) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // A client that does not trust us hangs up.
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut asked = [0; 1_024];
            let _ = stream.read(&mut asked).await;
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
        }
    });
    let roots = NamedTempFile::new().unwrap();
    std::fs::write(roots.path(), authority.pem()).unwrap();
    (format!("https://localhost:{port}/"), roots)
}

fn trusting(path: &Path) -> Result<Https, crate::RootsError> {
    let path = path.to_str().unwrap();
    Https::from_vars(&|name| (name == "SSL_CERT_FILE").then(|| path.to_owned()))
}

fn request(url: &str) -> Request<SdkBody> {
    Request::get(url).body(SdkBody::empty()).unwrap()
}

#[tokio::test]
async fn whoever_the_file_names_is_trusted() {
    let (url, roots) = server().await;
    let https = trusting(roots.path()).unwrap();
    let answer = https.send(request(&url)).await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn whoever_nobody_vouches_for_is_not_told_anything() {
    let (url, _) = server().await;
    let (_, others) = server().await;
    for https in [
        Https::from_vars(&|_| None).unwrap(),
        trusting(others.path()).unwrap(),
    ] {
        let refused = https.send(request(&url)).await.unwrap_err();
        let text = format!("{refused:?}");
        assert!(
            text.contains("UnknownIssuer") || text.contains("BadSignature"),
            "{text}"
        );
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let missing = trusting(Path::new("/nowhere/roots.pem"))
        .unwrap_err()
        .to_string();
    assert!(missing.contains("SSL_CERT_FILE"), "{missing}");
    assert!(missing.contains("/nowhere/roots.pem"), "{missing}");
}
