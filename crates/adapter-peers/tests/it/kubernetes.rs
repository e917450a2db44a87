//! Replicas that Kubernetes knows.

use crate::cluster::{
    ATTACHMENTS, Cluster, MULTI_POLICIES, NETWORK_POLICIES, PODS, list, pod, refusal,
};
use crate::server::{Door, Reply, Server};
use crate::{Asked, config, find, limits};
use adapter_peers::{Answer, Config, Count, InCluster, Limits, Source, View};
use serde_json::{Value, json};
use std::net::SocketAddr;
use testkit::servers::certificates::Authority;

const READY: &str = r#"{"status":"ready","version":"2.0.0","components":[]}"#;
const NOT_READY: &str = r#"{"status":"not_ready","version":"2.0.0","components":[
    {"name":"plane-data","ok":false,"required":true,"detail":"net2: it is down: raise it (NET002)"}]}"#;

fn replica(address: &str, port: u16, says: &'static str) -> Server {
    let address = SocketAddr::new(address.parse().unwrap(), port);
    Server::start(address, &Door::Open, move |request| {
        match request.uri().path() {
            "/health" if says == READY => Reply::ok(says),
            "/health" => Reply::new(503, says),
            "/api/status" => Reply::ok(r#"{"everything": [1, 2]}"#),
            other => panic!("{other} is asked for"),
        }
    })
}

fn by(cluster: &Cluster, port: u16) -> Asked {
    Asked::start(config(Source::Kubernetes(cluster.in_cluster(port))))
}

fn pods(pods: &[Value]) -> Value {
    list("PodList", "v1", pods)
}

fn known(view: &View) -> bool {
    view.policies.is_some() && view.trouble.is_none()
}

#[tokio::test]
async fn every_replica_is_found_asked_and_told_of() {
    let cluster = Cluster::start();
    let well = replica("127.0.0.2", 0, READY);
    let port = well.address.port();
    let _ill = replica("127.0.0.3", port, NOT_READY);
    let mut leaving = pod("order-service-e", "Running", Some("127.0.0.2"));
    leaving["metadata"]["deletionTimestamp"] = json!("2026-07-01T11:00:00Z");
    cluster.says(
        PODS,
        &pods(&[
            pod("order-service-a", "Running", Some("127.0.0.1")),
            pod("order-service-b", "Running", Some("127.0.0.2")),
            pod("order-service-c", "Running", Some("127.0.0.3")),
            pod("order-service-d", "Running", Some("127.0.0.4")),
            leaving,
            pod("order-service-f", "Pending", None),
            // Evicted: another stands in its place.
            pod("order-service-g", "Failed", Some("127.0.0.2")),
        ]),
    );
    let mut asked = by(&cluster, port);
    let view = asked
        .until("six replicas", |view| view.total == 6 && known(view))
        .await;
    assert_eq!(
        (view.source, view.healthy, view.unhealthy),
        ("kubernetes", 3, 3)
    );
    let of = |name: &str| {
        find(&view, &format!("order-service-{name}"))
            .unwrap()
            .clone()
    };
    assert!(of("a").own && of("a").ready && of("a").phase == "Running");
    let b = of("b");
    assert!(b.ready && b.why.is_empty() && b.pod_ready == Some(true));
    assert_eq!((b.node.as_str(), b.version.as_str()), ("worker-1", "2.0.0"));
    assert_eq!(b.address.unwrap(), format!("127.0.0.2:{port}"));
    assert_eq!(
        of("c").why,
        "plane-data: net2: it is down: raise it (NET002)"
    );
    let there = format!("cannot be reached by the management plane at 127.0.0.4:{port}: ");
    let d = of("d").why;
    assert!(d.starts_with(&there) && d.contains("refused"), "{d}");
    assert_eq!(of("e").phase, "Terminating");
    let f = of("f");
    assert_eq!((f.phase.as_str(), f.pod_ready), ("Pending", Some(false)));
    assert!(
        f.why.contains("ContainerCreating") && f.why.contains("STA001"),
        "{}",
        f.why
    );
    let query = cluster.queries().pop().unwrap();
    assert_eq!(
        query,
        "labelSelector=app%3Dorder%2Dservice&limit=64&resourceVersion=0"
    );

    let whole = asked.peers.status_of("order-service-c").await.unwrap();
    assert_eq!(whole, r#"{"everything": [1, 2]}"#);
    for (name, words) in [
        ("order-service-a", "is this replica"),
        (
            "order-service-d",
            "cannot be reached by the management plane at 127.0.0.4",
        ),
        (
            "order-service-f",
            "cannot be asked: it has no management address",
        ),
        ("order-service-x", "no replica is named"),
    ] {
        let error = asked.peers.status_of(name).await.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_pod_that_another_answers_for_is_told_of_as_a_duplicate_address() {
    const OTHER: &str =
        r#"{"status":"ready","version":"2.0.0","pod":"order-service-c","components":[]}"#;
    let cluster = Cluster::start();
    let thief = Server::start("127.0.0.2:0".parse().unwrap(), &Door::Open, |_| {
        Reply::ok(OTHER)
    });
    cluster.says(
        PODS,
        &pods(&[
            pod("order-service-a", "Running", Some("127.0.0.1")),
            pod("order-service-b", "Running", Some("127.0.0.2")),
            pod("order-service-c", "Running", Some("127.0.0.2")),
        ]),
    );
    let mut asked = by(&cluster, thief.address.port());
    let robbed = |view: &View| find(view, "order-service-b").is_some_and(|pod| !pod.why.is_empty());
    let view = asked.until("the duplicate", robbed).await;
    let pod = find(&view, "order-service-b").unwrap();
    assert!(!pod.ready);
    let thief = find(&view, "order-service-c").unwrap();
    assert!(thief.ready && thief.answered_as.is_none(), "{thief:?}");
    assert_eq!(pod.answered_as.as_deref(), Some("order-service-c"));
    assert_eq!(
        pod.why,
        "order-service-c answers at its address, so two pods have it (IPD001)"
    );
}

#[tokio::test]
async fn policies_and_networks_are_counted_or_it_is_said_why_not() {
    let cluster = Cluster::start();
    cluster.says(PODS, &pods(&[pod("order-service-a", "Running", None)]));
    let mut asked = by(&cluster, 1);
    let policies = asked.until("counts", known).await.policies.unwrap();
    assert_eq!(policies.network_policies, Count::Known(2));
    assert_eq!(policies.multi_network_policies, Count::NoSuchResource);
    assert_eq!(
        policies.network_attachment_definitions,
        Count::NoSuchResource
    );
    assert_eq!(policies.enforced.answer, Answer::No);

    let message = "multi-networkpolicies.k8s.cni.cncf.io is forbidden: User \"system:serviceaccount:orders:default\" cannot list";
    cluster.replies(MULTI_POLICIES, refusal(403, "Forbidden", message));
    let mut more = list(
        "NetworkAttachmentDefinitionList",
        "k8s.cni.cncf.io/v1",
        &[json!({})],
    );
    more["metadata"]["continue"] = json!("eyJ2IjoibWV0YS5rOHMuaW8vdjEifQ");
    more["metadata"]["remainingItemCount"] = json!(700);
    cluster.says(ATTACHMENTS, &more);
    // As Go writes an empty list that was never made.
    cluster.says(
        NETWORK_POLICIES,
        &json!({"kind": "NetworkPolicyList", "items": null}),
    );
    let forbidden = |view: &View| {
        let policies = view.policies.as_ref().unwrap();
        policies.multi_network_policies == Count::NotAllowed
            && policies.network_attachment_definitions == Count::Known(701)
            && policies.network_policies == Count::Known(0)
    };
    let view = asked.until("not allowed", forbidden).await;
    assert_eq!(view.policies.unwrap().enforced.answer, Answer::CannotTell);
}

#[tokio::test]
async fn a_token_that_was_rotated_is_read_again() {
    let cluster = Cluster::start();
    cluster.says(PODS, &pods(&[pod("order-service-a", "Running", None)]));
    let mut asked = by(&cluster, 1);
    asked.until("known", known).await;
    cluster.accept_token("second");
    let view = asked.trouble(&["401", "read again"]).await;
    assert!(
        !view.trouble.unwrap().contains("first"),
        "the token is told"
    );
    // Who was known stays known meanwhile.
    assert_eq!(
        find(&view_of(&asked), "order-service-a").unwrap().phase,
        "Running"
    );
    cluster.mount_token("second");
    asked.until("known again", known).await;
}

fn view_of(asked: &Asked) -> View {
    View::clone(&asked.view.borrow())
}

#[tokio::test]
async fn what_kubernetes_does_not_answer_well_is_told_and_who_was_known_is_asked_on() {
    let cluster = Cluster::start();
    let well = replica("127.0.0.2", 0, READY);
    let good = pods(&[
        pod("order-service-a", "Running", Some("127.0.0.1")),
        pod("order-service-b", "Running", Some("127.0.0.2")),
    ]);
    cluster.says(PODS, &good);
    let own = Limits {
        max_list_bytes: 64 * 1024,
        ..limits()
    };
    let mut asked = Asked::start(Config {
        limits: own,
        ..config(Source::Kubernetes(cluster.in_cluster(well.address.port())))
    });
    asked
        .until("both", |view| view.healthy == 2 && known(view))
        .await;
    let huge = format!("{}{}", " ".repeat(64 * 1024), good);
    for (reply, words) in [
        (
            refusal(
                403,
                "Forbidden",
                "pods is forbidden: User cannot list resource",
            ),
            &["403", "pods is forbidden", "k8s/base/rbac.yaml"][..],
        ),
        (
            refusal(404, "NotFound", "namespaces not found"),
            &["404", "not found"],
        ),
        (
            refusal(500, "InternalError", "etcdserver: request timed out"),
            &["500", "etcdserver"],
        ),
        (Reply::new(429, "slow down"), &["429"]),
        (
            Reply::ok(good.to_string()).slow(),
            &["no answer within", "default plane"],
        ),
        (Reply::ok(huge), &["larger than 65536 bytes"]),
        (Reply::ok("{}"), &["cannot be read", "items"]),
        (Reply::ok("<html>"), &["cannot be read"]),
        (
            Reply::ok(r#"{"items":[{"metadata":{"name":7}}]}"#),
            &["cannot be read"],
        ),
    ] {
        cluster.replies(PODS, reply);
        let view = asked.trouble(words).await;
        assert!(find(&view, "order-service-b").unwrap().ready, "{view:#?}");
        cluster.says(PODS, &good);
        asked
            .until("well again", |view| view.healthy == 2 && known(view))
            .await;
    }
}

#[tokio::test]
async fn an_api_that_cannot_be_trusted_reached_or_named_is_told() {
    let cluster = Cluster::start();
    let good = cluster.in_cluster(1);
    let foreign = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    for name in ["token", "namespace"] {
        std::fs::copy(cluster.folder.path().join(name), folder.path().join(name)).unwrap();
    }
    std::fs::copy(foreign.certificate(), folder.path().join("ca.crt")).unwrap();
    let empty = tempfile::tempdir().unwrap();
    std::fs::write(empty.path().join("namespace"), "orders").unwrap();
    std::fs::write(empty.path().join("token"), " \n").unwrap();
    let at = |folder: &std::path::Path| InCluster {
        service_account: folder.to_owned(),
        ..good.clone()
    };
    for (in_cluster, words) in [
        (at(folder.path()), &["not trusted", "default plane"][..]),
        (
            at(empty.path()),
            &["token", "it is empty", "PEERS_KUBERNETES=off"],
        ),
        (
            at("/no/such".as_ref()),
            &["/no/such/namespace", "automountServiceAccountToken"],
        ),
        (
            InCluster {
                port: "https".to_owned(),
                ..good.clone()
            },
            &["KUBERNETES_SERVICE_PORT", "no port"],
        ),
        (
            InCluster {
                port: "1".to_owned(),
                ..good.clone()
            },
            &["127.0.0.1:1", "refused"],
        ),
    ] {
        let mut asked = Asked::start(config(Source::Kubernetes(in_cluster)));
        let view = asked.trouble(words).await;
        assert_eq!(view.total, 1, "this one is shown");
    }
    assert_eq!(
        cluster.queries(),
        Vec::<String>::new(),
        "who is not trusted was asked"
    );
}

#[tokio::test]
async fn too_many_pods_and_a_selector_that_leaves_this_one_out_are_told() {
    let cluster = Cluster::start();
    let many: Vec<Value> = (0..70)
        .map(|number| pod(&format!("order-service-{number:02}"), "Running", None))
        .collect();
    cluster.says(PODS, &pods(&many));
    let mut asked = by(&cluster, 1);
    let view = asked.trouble(&["more than 64 pods"]).await;
    // And this one.
    assert_eq!(view.total, 65);
    cluster.says(PODS, &pods(&many[..2]));
    let view = asked
        .trouble(&["order-service-a", "is not among", "PEERS_LABEL_SELECTOR"])
        .await;
    assert!(view.total <= 65);
}
