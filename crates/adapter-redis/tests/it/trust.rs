//! A Redis that speaks TLS to users of its access list.

use crate::support::{config, connected, start_server, until};
use adapter_redis::{Config, Redis};
use prometheus_client::registry::Registry;
use std::net::SocketAddr;
use std::time::Duration;
use testkit::servers::Redis as Server;
use testkit::servers::certificates::{Authority, Certificate};
use testkit::servers::redis::{Options, User};
use testkit::{Desk, desk::order_of, new_order};
use tls::{ClientTls, Identity};

/// What the adapter does, and no more.
const USER: User = User {
    name: "orders",
    password: "secret",
    rules: "~orders:* -@all +mget +getrange +time +evalsha +eval +script|load +get +set +pexpire +select +client",
};

async fn server(certificate: &Certificate) -> Server {
    start_server(Options {
        acl: vec![USER],
        tls: Some(certificate.clone()),
        settings: vec![("tls-auth-clients", "yes")],
    })
    .await
}

/// By its name, as the user, trusting this authority.
fn trusting(address: SocketAddr, certificate: &Certificate) -> Config {
    let url = format!(
        "rediss://{}:{}@localhost:{}",
        USER.name,
        USER.password,
        address.port()
    );
    let by_name = Config::from_url(&url).unwrap();
    Config {
        tls: Some(ClientTls {
            ca_file: Some(certificate.authority.clone()),
            identity: Some(Identity {
                cert_file: certificate.certificate.clone(),
                key_file: certificate.key.clone(),
            }),
        }),
        call_timeout: config(address).call_timeout,
        ..by_name
    }
}

/// What health tells once it was tried to connect.
async fn told(config: Config) -> String {
    let redis = Redis::start(config, &mut Registry::default());
    until("it was tried", async || {
        redis
            .health()
            .is_err_and(|failure| failure != "not connected yet")
    })
    .await;
    redis.health().unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_are_kept_by_a_user_with_few_rights_over_tls_by_name() {
    let authority = Authority::new();
    let good = authority.good();
    let server = server(&good).await;
    let redis = Redis::start(trusting(server.address(), &good), &mut Registry::default());
    connected(&redis).await;
    let (cache, order) = (redis.cache(), order_of(&Desk::new().place(new_order())));
    cache.put(order.clone(), Duration::ZERO).await;
    assert_eq!(cache.get(order.order_id).await.unwrap().order, order);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_be_trusted_is_told_of() {
    let (ours, foreign) = (Authority::new(), Authority::new());
    let (good, stranger) = (ours.good(), foreign.good());
    let server = server(&good).await;
    let address = server.address();
    let expired = self::server(&ours.expired()).await;
    let wrong_password = Config {
        password: Some(adapter_redis::Secret("wrong".to_owned())),
        ..trusting(address, &good)
    };
    let plain = Config {
        tls: None,
        ..trusting(address, &good)
    };
    let mut nameless = trusting(address, &good);
    nameless.tls.as_mut().unwrap().identity = None;
    for (config, words) in [
        (
            trusting(address, &stranger),
            "authority that is not trusted",
        ),
        (trusting(expired.address(), &good), "has expired"),
        (wrong_password, "REDIS_PASSWORD"),
        (plain, "refused the connection"),
        (nameless, "wants a certificate of ours"),
    ] {
        let failure = told(config).await;
        let peer = failure.contains("localhost:");
        assert!(peer && failure.contains(words), "{failure}");
    }
}
