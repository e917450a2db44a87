//! Clients of HTTP through the connector, against servers that speak HTTP/1, HTTP/2 and TLS.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use bytes::Bytes;
use http::{Request, Uri, Version};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use outbound::{Connector, ConnectorOptions};
use planes::{ListenOptions, Plane, PlaneKind, Resolver, ServeLimits, listen, serve};
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use testkit::servers::Authority;
use testkit::servers::certificates::Certificate;
use tls::{Acceptor, ClientTls, Identity, Security, ServerTls};
use tokio::sync::oneshot;

/// A server that answers with the version of HTTP and the address of who asks, until it is dropped.
struct Server {
    address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl Server {
    fn start(certificate: Option<&Certificate>) -> Server {
        let security = certificate.map_or_else(Security::none, |certificate| {
            let files = ServerTls {
                identity: Identity {
                    cert_file: certificate.certificate.clone(),
                    key_file: certificate.key.clone(),
                },
                client_ca_file: None,
            };
            Security::by(Acceptor::open(files, &["h2", "http/1.1"]).unwrap())
        });
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let plane = Plane::unbound(PlaneKind::Data);
        let listener = listen(&plane, any, ListenOptions::default()).unwrap();
        let address = listener.local_addr();
        let (stop, stopped) = oneshot::channel::<()>();
        let until = async {
            let _ = stopped.await;
        };
        let limits = ServeLimits::default();
        tokio::spawn(serve(listener, limits, until, move |stream, peer, _| {
            let security = security.clone();
            async move {
                let within = std::time::Duration::from_secs(5);
                let Ok((stream, _)) = security.secure(stream, within).await else {
                    return;
                };
                let answer = service_fn(move |request: Request<Incoming>| async move {
                    let told = format!("{:?} {}", request.version(), peer.ip());
                    Ok::<_, Infallible>(http::Response::new(Full::new(Bytes::from(told))))
                });
                let server = auto::Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(stream), answer).await;
            }
        }));
        Server {
            address,
            _stop: stop,
        }
    }
}

fn connector(plane: Plane, ca: Option<&Certificate>) -> Connector {
    let resolver = Resolver::new(Plane::unbound(PlaneKind::Default));
    Connector::new(ConnectorOptions {
        tls: ClientTls {
            ca_file: ca.map(|certificate| certificate.authority.clone()),
            identity: None,
        },
        ..ConnectorOptions::by(plane, resolver)
    })
}

fn unbound() -> Plane {
    Plane::unbound(PlaneKind::Data)
}

/// What the server tells, or why it could not be asked.
async fn ask(connector: &Connector, uri: &str, version: Version) -> Result<String, String> {
    let client = Client::builder(TokioExecutor::new())
        .http2_only(version == Version::HTTP_2)
        .build(connector.clone());
    let mut request = Request::new(Empty::<Bytes>::new());
    *request.uri_mut() = uri.parse().unwrap();
    let answered = client.request(request).await;
    let answered = answered.map_err(|error| connector.trouble().unwrap_or(error.to_string()))?;
    let body = answered.into_body().collect().await.unwrap();
    Ok(String::from_utf8(body.to_bytes().to_vec()).unwrap())
}

#[tokio::test]
async fn http_1_and_2_without_tls_by_address_and_by_name() {
    let server = Server::start(None);
    let connector = connector(unbound(), None);
    for host in ["127.0.0.1", "localhost"] {
        let uri = format!("http://{host}:{}/", server.address.port());
        for (version, told) in [
            (Version::HTTP_11, "HTTP/1.1"),
            (Version::HTTP_2, "HTTP/2.0"),
        ] {
            let heard = ask(&connector, &uri, version).await.unwrap();
            assert!(heard.starts_with(told), "{heard}");
        }
    }
    assert_eq!(connector.trouble(), None);
}

#[tokio::test]
async fn a_bound_plane_is_kept_to() {
    let server = Server::start(None);
    let uri = format!("http://{}/", server.address);
    let lo = Plane::bound(PlaneKind::Management, "lo").unwrap();
    let heard = ask(&connector(lo, None), &uri, Version::HTTP_11)
        .await
        .unwrap();
    assert!(heard.ends_with("127.0.0.1"), "{heard}");
    let absent = Plane::bound(PlaneKind::Management, "absent0").unwrap();
    let error = ask(&connector(absent, None), &uri, Version::HTTP_11)
        .await
        .unwrap_err();
    for part in ["management plane", "absent0", "NET001"] {
        assert!(error.contains(part), "{error}");
    }
}

#[tokio::test]
async fn http_2_is_chosen_in_the_handshake() {
    let authority = Authority::new();
    let good = authority.good();
    let server = Server::start(Some(&good));
    let connector = connector(unbound(), Some(&good));
    let uri: Uri = format!("https://localhost:{}/", server.address.port())
        .parse()
        .unwrap();
    let stream = connector.connect(&uri).await.unwrap();
    assert!(stream.speaks_http2());
    // Nothing but the handshake tells the client so.
    let heard = ask(&connector, &uri.to_string(), Version::HTTP_11)
        .await
        .unwrap();
    assert!(heard.starts_with("HTTP/2.0"), "{heard}");
}

#[tokio::test]
async fn who_cannot_be_trusted_is_told() {
    // Their files last as long as they do.
    let (us, them) = (Authority::new(), Authority::new());
    let (ours, stranger) = (us.good(), them.good());
    let server = Server::start(Some(&ours));
    let uri = format!("https://localhost:{}/", server.address.port());
    let error = ask(
        &connector(unbound(), Some(&stranger)),
        &uri,
        Version::HTTP_2,
    )
    .await
    .unwrap_err();
    assert!(error.contains("TLS with localhost"), "{error}");
    let plain = Server::start(None);
    let uri = format!("https://{}/", plain.address);
    let error = ask(&connector(unbound(), Some(&ours)), &uri, Version::HTTP_2)
        .await
        .unwrap_err();
    assert!(error.contains("TLS with 127.0.0.1"), "{error}");
}

#[tokio::test]
async fn what_names_no_peer_is_told() {
    for uri in ["/orders", "ftp://127.0.0.1/"] {
        let uri: Uri = uri.parse().unwrap();
        let error = connector(unbound(), None).connect(&uri).await.unwrap_err();
        assert!(error.to_string().contains("http://HOST:PORT"), "{error}");
    }
    let error = ask(
        &connector(unbound(), None),
        "http://nothing.invalid:80/",
        Version::HTTP_11,
    )
    .await
    .unwrap_err();
    assert!(
        error.contains("nothing.invalid") && error.contains("DNS_PLANE"),
        "{error}"
    );
}
