//! Who is trusted, and what is told of who is not.

use std::path::Path;
use std::sync::Arc;
use testkit::servers::certificates::{Authority, Certificate};
use tls::{ClientTls, Identity, TlsError};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// A server with this certificate; where `clients` is given, only those that it vouches for may come.
fn acceptor(certificate: &Certificate, clients: Option<&Path>) -> TlsAcceptor {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots
                .add(CertificateDer::from_pem_file(authority).unwrap())
                .unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.unwrap())
        }
    };
    let chain = vec![CertificateDer::from_pem_file(&certificate.certificate).unwrap()];
    let key = PrivateKeyDer::from_pem_file(&certificate.key).unwrap();
    TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).unwrap()))
}

/// Says a word to the server and hears it again.
async fn echo(server: TlsAcceptor, client: &ClientTls, host: &str) -> Result<(), TlsError> {
    let (near, far) = duplex(1 << 16);
    let serving = tokio::spawn(async move {
        let mut stream = server.accept(far).await?;
        let mut word = [0; 4];
        stream.read_exact(&mut word).await?;
        stream.write_all(&word).await?;
        stream.shutdown().await
    });
    let mut stream = client.connect(host, near).await?;
    let spoken = async {
        stream.write_all(b"word").await?;
        let mut heard = [0; 4];
        stream.read_exact(&mut heard).await?;
        assert_eq!(&heard, b"word");
        Ok(())
    };
    // With TLS 1.3 the server refuses a client after the client thinks that it is done.
    let spoken = spoken.await;
    let _ = serving.await.unwrap();
    spoken.map_err(|error: std::io::Error| TlsError::within(host, &error).unwrap())
}

fn trusting(certificate: &Certificate) -> ClientTls {
    ClientTls {
        ca_file: Some(certificate.authority.clone()),
        identity: None,
    }
}

fn proving(certificate: &Certificate) -> Identity {
    Identity {
        cert_file: certificate.certificate.clone(),
        key_file: certificate.key.clone(),
    }
}

#[tokio::test]
async fn a_peer_is_trusted_by_name_and_by_address() {
    let authority = Authority::new();
    let good = authority.good();
    for host in ["localhost", "localhost.", "127.0.0.1"] {
        let said = echo(acceptor(&good, None), &trusting(&good), host).await;
        said.unwrap();
    }
}

#[tokio::test]
async fn who_cannot_be_trusted_is_told_of_with_where_to_look() {
    let (ours, foreign) = (Authority::new(), Authority::new());
    let (good, expired, stranger) = (ours.good(), ours.expired(), foreign.good());
    for (server, host, words) in [
        (&expired, "localhost", "has expired: renew it"),
        (&stranger, "localhost", "authority that is not trusted"),
        (&good, "order-db", "made out to another name"),
        (&good, "10.0.0.1", "made out to another name"),
        (&good, "a b", "is no name"),
    ] {
        let said = echo(acceptor(server, None), &trusting(&good), host).await;
        let text = said.unwrap_err().to_string();
        assert!(text.contains(words) && text.contains(host), "{text}");
    }
}

#[tokio::test]
async fn a_peer_that_speaks_no_tls_is_told_of() {
    let authority = Authority::new();
    let (near, mut far) = duplex(1 << 16);
    far.write_all(b"-ERR unknown command\r\n").await.unwrap();
    let said = trusting(&authority.good()).connect("localhost", near).await;
    let text = said.unwrap_err().to_string();
    assert!(text.contains("does it speak TLS"), "{text}");
}

#[tokio::test]
async fn whoever_wants_a_certificate_of_ours_gets_it() {
    let (ours, foreign) = (Authority::new(), Authority::new());
    let (server, client, stranger) = (ours.good(), ours.good(), foreign.good());
    let expired = ours.expired();
    let call = async |identity| {
        let client = ClientTls {
            identity,
            ..trusting(&server)
        };
        let server = acceptor(&server, Some(&ours.certificate()));
        echo(server, &client, "localhost").await
    };
    call(Some(proving(&client))).await.unwrap();
    for (identity, words) in [
        (None, "wants a certificate of ours"),
        (Some(proving(&stranger)), "does not trust our certificate"),
        (Some(proving(&expired)), "our certificate has expired"),
    ] {
        let text = call(identity).await.unwrap_err().to_string();
        assert!(text.contains(words), "{text}");
    }
}

#[tokio::test]
async fn a_renewed_certificate_is_read_for_the_next_connection() {
    let (old, new) = (Authority::new(), Authority::new());
    let folder = Authority::new();
    let bundle = folder.certificate();
    std::fs::copy(old.certificate(), &bundle).unwrap();
    let client = ClientTls {
        ca_file: Some(bundle.clone()),
        identity: None,
    };
    let server = new.good();
    let before = echo(acceptor(&server, None), &client, "localhost").await;
    before.unwrap_err();
    std::fs::copy(new.certificate(), &bundle).unwrap();
    let after = echo(acceptor(&server, None), &client, "localhost").await;
    after.unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_use_is_named() {
    let authority = Authority::new();
    let (good, other) = (authority.good(), authority.good());
    let with = |change: &dyn Fn(&mut ClientTls)| {
        let mut client = ClientTls {
            identity: Some(proving(&good)),
            ..trusting(&good)
        };
        change(&mut client);
        client
    };
    for (client, file, words) in [
        (
            with(&|client| client.ca_file = Some("/no/such.pem".into())),
            Path::new("/no/such.pem"),
            "No such file",
        ),
        (
            with(&|client| client.ca_file = Some(good.key.clone())),
            &good.key,
            "holds no certificate",
        ),
        (
            with(&|client| {
                client.identity.as_mut().unwrap().key_file = good.certificate.clone();
            }),
            &good.certificate,
            "holds no private key",
        ),
        (
            with(&|client| client.identity.as_mut().unwrap().key_file = other.key.clone()),
            &good.certificate,
            "cannot be used",
        ),
    ] {
        let said = echo(acceptor(&good, None), &client, "localhost").await;
        let text = said.unwrap_err().to_string();
        let named = text.contains(&*file.to_string_lossy());
        assert!(named && text.contains(words), "{text}");
    }
}
