//! A PostgreSQL that takes TLS alone: whom it is trusted as, and who is told why not.

use adapter_postgres::{Config, PostgresStore, migrate};
use order_core::ports::OrderStore;
use std::sync::Arc;
use testkit::servers::certificates::{Authority, Certificate};
use testkit::servers::postgres::Tls;
use testkit::servers::{Options, Postgres, Version};
use testkit::{Desk, new_order};
use tls::{ClientTls, Identity};

async fn server(certificate: &Certificate, clients: bool) -> Arc<Postgres> {
    let tls = Tls {
        certificate: certificate.clone(),
        clients,
    };
    let options = Options {
        fsync: false,
        tls: Some(tls),
        ..Options::default()
    };
    let start = || Postgres::start(Version::Reference, options);
    Arc::new(tokio::task::spawn_blocking(start).await.unwrap())
}

/// By this host, trusting the certificate's authority.
fn trusting(server: &Postgres, host: &str, certificate: &Certificate) -> Config {
    let url = format!(
        "postgres://postgres@{host}:{}/postgres?sslmode=verify-full",
        server.port()
    );
    let by_url = Config::from_url(&url).unwrap();
    assert!(by_url.tls.is_some());
    Config {
        tls: Some(ClientTls {
            ca_file: Some(certificate.authority.clone()),
            identity: None,
        }),
        ..by_url
    }
}

fn known_by(mut config: Config, own: &Certificate) -> Config {
    config.tls.as_mut().unwrap().identity = Some(Identity {
        cert_file: own.certificate.clone(),
        key_file: own.key.clone(),
    });
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_kept_over_tls_with_a_certificate_of_our_own_by_name() {
    let authority = Authority::new();
    let good = authority.good();
    let server = server(&good, true).await;
    let config = known_by(trusting(&server, "localhost", &good), &good);
    migrate(&config).await.unwrap();
    let store = PostgresStore::open(config).await.unwrap();
    let order = Desk::new().placed(&store, new_order()).await;
    assert_eq!(store.load(order.order_id).await.unwrap(), Some(order));
    // The server is made anew, and so is each session.
    server.restart();
    Desk::numbered(2).placed(&store, new_order()).await;
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_be_trusted_is_told_of() {
    let (ours, foreign) = (Authority::new(), Authority::new());
    let (good, stranger) = (ours.good(), foreign.good());
    let elsewhere = ours.named("DNS:db.example");
    let (strict, open) = (server(&good, true).await, server(&good, false).await);
    let (expired, misnamed) = (
        server(&ours.expired(), false).await,
        server(&elsewhere, false).await,
    );
    let plain = Postgres::shared(Version::Reference);
    let unencrypted = Config {
        tls: None,
        ..trusting(&open, "127.0.0.1", &good)
    };
    let mut unreadable = trusting(&open, "127.0.0.1", &good);
    unreadable.tls.as_mut().unwrap().ca_file = Some("/no/such.pem".into());
    for (config, words) in [
        (
            trusting(&open, "127.0.0.1", &stranger),
            "authority that is not trusted",
        ),
        (trusting(&expired, "127.0.0.1", &good), "has expired"),
        (trusting(&misnamed, "127.0.0.1", &good), "subjectAltName"),
        (trusting(plain, "127.0.0.1", &good), "takes no TLS"),
        (trusting(&strict, "127.0.0.1", &good), "certificate"),
        (
            known_by(trusting(&strict, "127.0.0.1", &good), &stranger),
            "does not trust our certificate",
        ),
        (unencrypted, "no encryption"),
        (unreadable, "/no/such.pem"),
    ] {
        let told = PostgresStore::open(config).await.unwrap_err().to_string();
        assert!(
            told.contains("127.0.0.1:") && told.contains(words),
            "{words}: {told}"
        );
    }
}
