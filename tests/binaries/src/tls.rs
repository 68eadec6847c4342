//! TLS in front of the servers of a test: what the functions come to in the cloud is never
//! plain, and a handshake is most of what a cold start costs.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, IsCa, KeyPair,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tempfile::NamedTempFile;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A certificate of this machine, and the file of those who are trusted.
pub(crate) struct Tls {
    acceptor: TlsAcceptor,
    roots: NamedTempFile,
}

impl Tls {
    pub(crate) fn new() -> Self {
        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // With the name of what it signs, that would look as if it vouched for itself.
        authority.distinguished_name = DistinguishedName::new();
        let name = "authority of this run";
        authority.distinguished_name.push(DnType::CommonName, name);
        let authority =
            CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let params = CertificateParams::new(names).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        let chain = vec![certificate.der().clone()];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let roots = NamedTempFile::new().unwrap();
        std::fs::write(roots.path(), authority.pem()).unwrap();
        Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            roots,
        }
    }

    /// What `SSL_CERT_FILE` must say.
    pub(crate) fn roots(&self) -> String {
        self.roots.path().to_str().unwrap().to_owned()
    }

    /// An address of its own whose connections lead to `address`.
    pub(crate) async fn before(&self, address: SocketAddr) -> (SocketAddr, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let front = listener.local_addr().unwrap();
        let acceptor = self.acceptor.clone();
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // A client that hangs up is a process that has ended.
                    let Ok(mut client) = acceptor.accept(stream).await else {
                        return;
                    };
                    let mut server = TcpStream::connect(address).await.unwrap();
                    server.set_nodelay(true).unwrap();
                    let _ = copy_bidirectional(&mut client, &mut server).await;
                });
            }
        });
        (front, serving)
    }
}
