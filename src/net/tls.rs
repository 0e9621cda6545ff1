//! TLS: which certificates are believed.
//!
//! The roots built into the binary and the system's bundle, merged: the binary must work in an empty
//! root, and an administrator's own authority, added to the system, must be believed too.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

const SYSTEM_BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The client's side of TLS 1.2 and 1.3, with certificates checked or not.
pub(super) fn client_config(verify: bool) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions =
        ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let config = if verify {
        versions.with_root_certificates(roots()).with_no_client_auth()
    } else {
        versions
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anyone(provider)))
            .with_no_client_auth()
    };
    Ok(config)
}

fn roots() -> RootCertStore {
    let mut store = RootCertStore::empty();
    let built_in = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
    store.add_parsable_certificates(built_in.iter().cloned());
    let known: HashSet<&[u8]> = built_in.iter().map(AsRef::as_ref).collect();
    let path = std::env::var_os("SSL_CERT_FILE").map_or_else(|| PathBuf::from(SYSTEM_BUNDLE), PathBuf::from);
    match CertificateDer::pem_file_iter(&path) {
        Ok(certificates) => {
            let own = certificates.filter_map(Result::ok).filter(|der| !known.contains(der.as_ref()));
            let (added, ignored) = store.add_parsable_certificates(own);
            tracing::debug!(path = %path.display(), added, ignored, "certificates of the system merged");
        }
        Err(error) => tracing::debug!(path = %path.display(), %error, "no certificates of the system"),
    }
    store
}

/// Believes any certificate: for providers with self-signed or outdated ones, where an administrator said so.
/// The handshake's signatures are still checked.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::{client_config, roots};

    #[test]
    fn built_in_roots_are_there_without_a_system() {
        assert!(roots().len() > 80);
        assert!(client_config(true).is_ok());
        assert!(client_config(false).is_ok());
    }
}
