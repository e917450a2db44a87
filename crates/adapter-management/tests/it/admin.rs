//! What is for administrators alone: everything behind `/api/` that is not said to be open.

use crate::server::{Answer, Server, read_to_end};
use adapter_management::Config;
use order_core::ports::Role;
use prometheus_client::registry::Registry;
use testkit::fakes::StaticCallers;
use testkit::servers::certificates::{Authority, Certificate};
use tls::{Acceptor, ClientTls, Identity, Security, ServerTls};
use tokio::io::AsyncWriteExt;

const ACTION: &str = "/api/dead-letters";

fn bearing(scheme: &str, token: &str) -> String {
    format!("authorization: {scheme} {token}\r\n")
}

#[tokio::test]
async fn every_path_that_is_told_of_is_open_and_nothing_else_behind_api() {
    let server = Server::start();
    let told = server.get("/nothing").await.json();
    let told = told["detail"].as_str().unwrap().to_owned();
    for path in [
        "/",
        "/api/status",
        "/metrics",
        "/livez",
        "/readyz",
        "/health",
    ] {
        assert!(told.contains(path), "{told}");
        assert_eq!(server.get(path).await.status, 200, "{path}");
    }
    for path in [
        "/api/",
        ACTION,
        "/api/parked/1:drop",
        "/api/status/more",
        "/api/peers//status",
        "/api/peers/a",
        "/api/peers/a/b/status",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let answer = server.send(method, path, "").await;
            assert_eq!(answer.status, 401, "{method} {path}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            assert_eq!(answer.json()["code"], "unauthenticated");
        }
    }
}

#[tokio::test]
async fn a_token_lets_an_administrator_in_and_a_wrong_one_nobody() {
    let server = Server::start();
    let right = StaticCallers::ADMIN_TOKEN;
    for scheme in ["Bearer", "bearer"] {
        let answer = server.send("GET", ACTION, &bearing(scheme, right)).await;
        assert_eq!(answer.status, 200, "{scheme}");
    }
    let (wrong, twice) = (&right[1..], bearing("Bearer", right).repeat(2));
    for more in [
        bearing("Bearer", wrong),
        bearing("Bearer", ""),
        bearing("Basic", right),
        twice,
    ] {
        let answer = server.send("GET", ACTION, &more).await;
        assert_eq!(answer.status, 401, "{more}");
        assert!(
            answer
                .header("www-authenticate")
                .unwrap()
                .starts_with("Bearer"),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn nothing_of_a_body_is_waited_for_from_who_may_not_send_it() {
    let server = Server::start();
    let answer = server.send("POST", ACTION, "content-length: 9\r\n").await;
    assert_eq!(answer.status, 401);
}

/// Asks for the action by TLS, proving oneself by the certificate.
async fn ask_by(server: &Server, own: &Certificate) -> Answer {
    let client = ClientTls {
        ca_file: Some(own.authority.clone()),
        identity: Some(Identity {
            cert_file: own.certificate.clone(),
            key_file: own.key.clone(),
        }),
    };
    let stream = server.connect().await;
    let mut stream = client.connect("localhost", stream).await.unwrap();
    let request = format!("GET {ACTION} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    Answer::parse(&read_to_end(&mut stream).await)
}

#[tokio::test]
async fn a_certificate_with_the_role_lets_in_and_one_without_says_what_is_missing() {
    let authority = Authority::new();
    let good = authority.good();
    let files = ServerTls {
        identity: Identity {
            cert_file: good.certificate.clone(),
            key_file: good.key.clone(),
        },
        client_ca_file: Some(good.authority.clone()),
    };
    let security = Security::by(Acceptor::open(files, &["http/1.1"]).unwrap());
    let server = Server::secured(Registry::default(), Config::default(), security);
    let name = "spiffe://example/ns/ops/sa/admin";
    let own = authority.named(&format!("URI:{name}"));
    server.callers.set(name, &[Role::Read, Role::Change]);
    let refused = ask_by(&server, &own).await;
    assert_eq!(refused.status, 403);
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    for word in [name, "admin", "CALLERS_FILE"] {
        assert!(detail.contains(word), "{detail}");
    }
    server.callers.set(name, &[Role::Admin]);
    assert_eq!(ask_by(&server, &own).await.status, 200);
    let nameless = authority.named("IP:127.0.0.1");
    assert_eq!(ask_by(&server, &nameless).await.status, 401);
}
