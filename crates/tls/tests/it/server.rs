//! The side that is connected to: who may come, who they are, and what happens when files change.

use std::fs;
use std::path::Path;
use testkit::servers::certificates::{Authority, Certificate};
use tls::{Acceptor, Caller, ClientTls, Identity, ServerTls, TlsError};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

/// 2120-01-01, as the tests' good certificates are valid until then.
const GOOD_UNTIL: i64 = 4_733_510_400;

fn identity(certificate: &Certificate) -> Identity {
    Identity {
        cert_file: certificate.certificate.clone(),
        key_file: certificate.key.clone(),
    }
}

fn open(certificate: &Certificate, clients: Option<&Path>) -> Acceptor {
    let files = ServerTls {
        identity: identity(certificate),
        client_ca_file: clients.map(Path::to_owned),
    };
    Acceptor::open(files, &["h2", "http/1.1"]).unwrap()
}

fn client(trusted: &Certificate, own: Option<&Certificate>) -> ClientTls {
    ClientTls {
        ca_file: Some(trusted.authority.clone()),
        identity: own.map(identity),
    }
}

/// A word there and back; whom the server saw.
async fn call(server: &Acceptor, client: &ClientTls) -> Result<Option<Caller>, TlsError> {
    let (near, far) = duplex(1 << 16);
    let serving = async {
        let (mut stream, caller) = server.accept(far).await?;
        let word = stream.read_u8().await.unwrap();
        stream.write_u8(word).await.unwrap();
        stream.flush().await.unwrap();
        Ok(caller)
    };
    let calling = async {
        let mut stream = client.connect("localhost", near).await?;
        let spoken = async {
            stream.write_u8(7).await?;
            stream.read_u8().await
        };
        let heard = spoken.await;
        heard.map_err(|error| TlsError::within("localhost", &error).unwrap())
    };
    let (seen, heard) = tokio::join!(serving, calling);
    let seen = seen?;
    assert_eq!(heard?, 7);
    Ok(seen)
}

#[tokio::test]
async fn whoever_trusts_the_server_may_come_where_nobody_has_to_prove_anything() {
    let authority = Authority::new();
    let good = authority.good();
    let server = open(&good, None);
    assert_eq!(call(&server, &client(&good, None)).await.unwrap(), None);
    assert_eq!(server.not_after(), GOOD_UNTIL);
}

#[tokio::test]
async fn a_client_is_who_its_certificate_says() {
    let authority = Authority::new();
    let good = authority.good();
    let server = open(&good, Some(&authority.certificate()));
    for (names, told) in [
        (
            "URI:spiffe://orders.example/ns/shop/sa/web",
            &["spiffe://orders.example/ns/shop/sa/web"][..],
        ),
        (
            "DNS:Shop.Example,URI:spiffe://shop",
            &["spiffe://shop", "shop.example"],
        ),
        ("IP:10.0.0.1", &[]),
    ] {
        let own = authority.named(names);
        let caller = call(&server, &client(&good, Some(&own))).await.unwrap();
        assert_eq!(caller.unwrap().names(), told);
    }
}

#[tokio::test]
async fn who_cannot_be_trusted_is_turned_away_and_told_of() {
    let (ours, foreign) = (Authority::new(), Authority::new());
    let (good, expired, stranger) = (ours.good(), ours.expired(), foreign.good());
    let server = open(&good, Some(&ours.certificate()));
    for (own, words) in [
        (None, "no certificate"),
        (Some(&expired), "expired"),
        (Some(&stranger), "not trusted"),
    ] {
        let text = call(&server, &client(&good, own))
            .await
            .unwrap_err()
            .to_string();
        assert!(text.contains("a client") && text.contains(words), "{text}");
    }
}

#[tokio::test]
async fn who_speaks_no_tls_is_told_of() {
    let authority = Authority::new();
    let server = open(&authority.good(), None);
    let (mut near, far) = duplex(1 << 16);
    near.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let text = server.accept(far).await.unwrap_err().to_string();
    assert!(text.contains("does it speak TLS"), "{text}");
}

/// Replaces the files that `there` names.
fn renew(there: &Certificate, with: &Certificate) {
    for (from, to) in [
        (&with.certificate, &there.certificate),
        (&with.key, &there.key),
    ] {
        let beside = to.with_extension("new");
        fs::copy(from, &beside).unwrap();
        fs::rename(&beside, to).unwrap();
    }
}

#[tokio::test]
async fn a_renewed_certificate_is_used_and_connections_that_stand_go_on() {
    let (old, new) = (Authority::new(), Authority::new());
    let (there, renewed) = (old.good(), new.good());
    let server = open(&there, None);
    assert!(!server.reload().unwrap());

    let (near, far) = duplex(1 << 16);
    let before = client(&there, None);
    let (accepted, standing) = tokio::join!(server.accept(far), before.connect("localhost", near));
    let ((mut accepted, _), mut standing) = (accepted.unwrap(), standing.unwrap());

    renew(&there, &renewed);
    assert!(server.reload().unwrap());
    call(&server, &client(&renewed, None)).await.unwrap();
    call(&server, &before).await.unwrap_err();
    standing.write_u8(7).await.unwrap();
    standing.flush().await.unwrap();
    assert_eq!(accepted.read_u8().await.unwrap(), 7);
}

#[tokio::test]
async fn half_a_renewal_changes_nothing_until_it_is_whole() {
    let authority = Authority::new();
    let (there, renewed) = (authority.good(), authority.good());
    let server = open(&there, None);
    fs::copy(&renewed.key, &there.key).unwrap();
    let text = server.reload().unwrap_err().to_string();
    assert!(text.contains("cannot be used"), "{text}");
    call(&server, &client(&there, None)).await.unwrap();
    fs::copy(&renewed.certificate, &there.certificate).unwrap();
    assert!(server.reload().unwrap());
    call(&server, &client(&there, None)).await.unwrap();
}

#[tokio::test]
async fn files_that_are_no_use_stop_the_start() {
    let authority = Authority::new();
    let good = authority.good();
    let mut files = ServerTls {
        identity: identity(&good),
        client_ca_file: Some("/no/such.pem".into()),
    };
    let text = Acceptor::open(files.clone(), &[]).unwrap_err().to_string();
    assert!(text.contains("/no/such.pem"), "{text}");
    files.client_ca_file = None;
    files.identity.key_file.clone_from(&good.certificate);
    let text = Acceptor::open(files, &[]).unwrap_err().to_string();
    assert!(text.contains("holds no private key"), "{text}");
}
