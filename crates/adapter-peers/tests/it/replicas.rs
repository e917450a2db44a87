//! Replicas that are asked, however they answer.

use crate::server::{Door, Reply, Server, identity};
use crate::{Asked, cluster, config, find, limits};
use adapter_peers::{Config, Limits, Source, Target};
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;
use testkit::servers::certificates::Authority;
use tls::ClientTls;

const READY: &str = r#"{"status":"ready","version":"2.0.0","components":[]}"#;

fn here(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn listed(servers: &[&Server]) -> Vec<Target> {
    let target = |server: &&Server| Target::parse(&server.address.to_string(), false).unwrap();
    servers.iter().map(target).collect()
}

#[tokio::test]
async fn one_that_answers_badly_is_told_of_and_the_others_are_asked_all_the_same() {
    let well = Server::start(here(0), &Door::Open, |_| Reply::ok(READY));
    let huge = format!("{READY}{}", " ".repeat(256 * 1024));
    for (reply, words) in [
        (Reply::ok(READY).slow(), &["no answer within 800ms"][..]),
        (Reply::ok(huge), &["larger than 262144 bytes"]),
        (Reply::ok("hello"), &["is no order service"]),
        (Reply::new(503, "overloaded"), &["is no order service"]),
        (Reply::ok(r#"{"status":true}"#), &["is no order service"]),
        (
            Reply::new(404, READY),
            &["answered 404 by the management plane"],
        ),
        (
            Reply::ok(
                r#"{"status":"not_ready","components":[{"name":"store","ok":false,"required":true}]}"#,
            ),
            &["store: it is down"],
        ),
    ] {
        let bad = Server::start(here(0), &Door::Open, move |_| reply.clone());
        let targets = listed(&[&well, &bad]);
        let mut asked = Asked::start(config(Source::Listed(targets)));
        let view = asked.why(&bad.address.to_string(), words).await;
        assert_eq!((view.source, view.total, view.healthy), ("settings", 3, 2));
        assert_eq!(
            find(&view, &well.address.to_string()).unwrap().version,
            "2.0.0"
        );
    }
}

#[tokio::test]
async fn one_that_comes_back_is_ready_again() {
    let gone = Server::start(here(0), &Door::Open, |_| Reply::ok(READY));
    let (address, targets) = (gone.address, listed(&[&gone]));
    let mut asked = Asked::start(config(Source::Listed(targets)));
    asked.until("ready", |view| view.healthy == 2).await;
    drop(gone);
    asked
        .why(&address.to_string(), &["cannot be reached"])
        .await;
    let _back = Server::start(address, &Door::Open, |_| Reply::ok(READY));
    asked.until("ready again", |view| view.healthy == 2).await;
}

#[tokio::test]
async fn no_more_are_asked_than_the_bounds_say() {
    let server = Server::start(here(0), &Door::Open, |_| Reply {
        after: Duration::from_millis(20),
        ..Reply::ok(READY)
    });
    let target = &listed(&[&server])[0];
    let own = Limits {
        // One round.
        ask_every: Duration::from_mins(10),
        ..limits()
    };
    let mut asked = Asked::start(Config {
        limits: own,
        ..config(Source::Listed(vec![target.clone(); 70]))
    });
    let view = asked.until("all", |view| view.total == 65).await;
    assert_eq!(view.healthy, 65);
    assert!(view.trouble.unwrap().contains("the first 64 are asked"));
    assert_eq!(server.asked.load(Ordering::SeqCst), 64);
    let most = server.most.load(Ordering::SeqCst);
    assert!((2..=8).contains(&most), "{most} at a time");
}

#[tokio::test]
async fn replicas_prove_themselves_and_we_do() {
    let (ours, theirs) = (Authority::new(), Authority::new());
    // Replicas share a certificate that names none of their addresses.
    let (own, shared) = (
        ours.named("DNS:orders.example"),
        ours.named("DNS:orders.example"),
    );
    let (other, foreign) = (
        ours.named("DNS:other.example"),
        theirs.named("DNS:orders.example"),
    );
    let serve = |address: &str, port, certificate| {
        let address = SocketAddr::new(address.parse().unwrap(), port);
        Server::start(address, &Door::Mutual(certificate), |_| Reply::ok(READY))
    };
    let good = serve("127.0.0.2", 0, &shared);
    let port = good.address.port();
    let _wrong = (
        serve("127.0.0.3", port, &other),
        serve("127.0.0.4", port, &foreign),
    );
    let fifth = SocketAddr::from(([127, 0, 0, 5], port));
    let _plain = Server::start(fifth, &Door::Open, |_| Reply::ok(READY));
    let cluster = cluster::Cluster::start();
    let pods: Vec<_> = [
        ("a", "127.0.0.1"),
        ("b", "127.0.0.2"),
        ("c", "127.0.0.3"),
        ("d", "127.0.0.4"),
        ("e", "127.0.0.5"),
    ]
    .map(|(name, address)| cluster::pod(&format!("order-service-{name}"), "Running", Some(address)))
    .into();
    cluster.says(cluster::PODS, &cluster::list("PodList", "v1", &pods));
    let mut in_cluster = cluster.in_cluster(port);
    in_cluster.management_tls = true;
    let tls = ClientTls {
        ca_file: Some(ours.certificate()),
        identity: Some(identity(&own)),
    };
    let mut asked = Asked::start(Config {
        tls,
        ..config(Source::Kubernetes(in_cluster.clone()))
    });
    let view = asked
        .until("all", |view| view.total == 5 && view.healthy == 2)
        .await;
    let why = |name: &str| {
        find(&view, &format!("order-service-{name}"))
            .unwrap()
            .why
            .clone()
    };
    assert_eq!(why("b"), "");
    assert!(
        why("c").contains("made out to another name"),
        "{}",
        why("c")
    );
    assert!(why("d").contains("not trusted"), "{}", why("d"));
    assert!(why("e").contains("TLS"), "{}", why("e"));

    // Without a certificate of ours nobody answers.
    let strict = ours.good();
    let door = Door::Mutual(&strict);
    let server = Server::start(here(0), &door, |_| Reply::ok(READY));
    let named = format!("localhost:{}", server.address.port());
    let mut asked = Asked::start(Config {
        tls: ClientTls {
            ca_file: Some(ours.certificate()),
            identity: None,
        },
        ..config(Source::Listed(vec![
            Target::parse(&format!("https://{named}"), false).unwrap(),
        ]))
    });
    asked.why(&named, &["wants a certificate of ours"]).await;
    assert_eq!(server.asked.load(Ordering::SeqCst), 0);
}
