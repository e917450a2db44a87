//! Over a real listener: what only a connection can show.

use crate::desk::{Desk, order};
use adapter_http::{Config, serve};
use planes::{ConnectOptions, ListenOptions, Plane, PlaneKind, ServeReport, connect, listen};
use std::net::SocketAddr;
use std::time::Duration;
use tls::Security;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// No step of a test takes longer; only a failure does.
const PATIENCE: Duration = Duration::from_secs(20);

/// No answer has this: reads until the connection ends.
const CLOSED: &str = "\0";

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<ServeReport>,
}

fn plane() -> Plane {
    Plane::unbound(PlaneKind::Data)
}

fn start(desk: &Desk) -> Server {
    let listener = listen(
        &plane(),
        "127.0.0.1:0".parse().unwrap(),
        ListenOptions::default(),
    )
    .unwrap();
    let address = listener.local_addr();
    let (stop, stopped) = oneshot::channel::<()>();
    let edge = desk.edge.clone();
    let served = tokio::spawn(async move {
        serve(edge, listener, Security::none(), async {
            let _ = stopped.await;
        })
        .await
    });
    Server {
        address,
        stop,
        served,
    }
}

async fn open(server: &Server) -> TcpStream {
    connect(&plane(), server.address, ConnectOptions::default())
        .await
        .unwrap()
}

/// Reads until `mark` is there, or the connection ends.
async fn read_until(stream: &mut TcpStream, mark: &str) -> String {
    let mut text = Vec::new();
    let reading = async {
        let mut piece = [0; 4096];
        while !String::from_utf8_lossy(&text).contains(mark) {
            match stream.read(&mut piece).await {
                Ok(0) | Err(_) => break,
                Ok(length) => text.extend_from_slice(&piece[..length]),
            }
        }
    };
    timeout(PATIENCE, reading).await.expect("something comes");
    String::from_utf8_lossy(&text).into_owned()
}

fn head(rest: &str) -> String {
    format!(
        "POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nIdempotency-Key: k\r\n{rest}"
    )
}

#[tokio::test]
async fn an_order_is_placed_over_a_connection_and_the_next_one_over_the_same() {
    let desk = Desk::new();
    let server = start(&desk);
    let mut stream = open(&server).await;
    let body = order().to_string();
    let request = head(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    for _ in 0..2 {
        stream.write_all(request.as_bytes()).await.unwrap();
        let answer = read_until(&mut stream, "allowed_actions").await;
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    }
    assert_eq!(desk.store.order_count(), 1);
}

#[tokio::test]
async fn http_2_is_spoken_on_the_same_port() {
    let desk = Desk::new();
    let server = start(&desk);
    let mut stream = open(&server).await;
    // The preface and an empty SETTINGS frame; the server's own SETTINGS come back.
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        .await
        .unwrap();
    let mut frame = [0; 9];
    timeout(PATIENCE, stream.read_exact(&mut frame))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(frame[3], 4, "a SETTINGS frame: {frame:?}");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_with_and_without_a_length() {
    let desk = Desk::new();
    let server = start(&desk);
    let mut stream = open(&server).await;
    // The length alone suffices: nothing of the body is sent.
    stream
        .write_all(head("Content-Length: 2000000\r\n\r\n").as_bytes())
        .await
        .unwrap();
    assert!(
        read_until(&mut stream, "payload_too_large")
            .await
            .starts_with("HTTP/1.1 413")
    );
    let mut stream = open(&server).await;
    stream
        .write_all(head("Transfer-Encoding: chunked\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let piece = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    for _ in 0..17 {
        // The server may answer and close before it has all.
        if stream.write_all(piece.as_bytes()).await.is_err() {
            break;
        }
    }
    assert!(
        read_until(&mut stream, "payload_too_large")
            .await
            .starts_with("HTTP/1.1 413")
    );
    assert_eq!(desk.store.order_count(), 0);
}

#[tokio::test]
async fn a_chunked_body_is_put_together() {
    let desk = Desk::new();
    let server = start(&desk);
    let mut stream = open(&server).await;
    stream
        .write_all(head("Transfer-Encoding: chunked\r\n\r\n").as_bytes())
        .await
        .unwrap();
    for piece in order().to_string().as_bytes().chunks(7) {
        stream
            .write_all(
                format!(
                    "{:x}\r\n{}\r\n",
                    piece.len(),
                    String::from_utf8_lossy(piece)
                )
                .as_bytes(),
            )
            .await
            .unwrap();
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    assert!(
        read_until(&mut stream, "allowed_actions")
            .await
            .starts_with("HTTP/1.1 201")
    );
}

fn hasty() -> Config {
    Config {
        header_read_timeout: Duration::from_millis(200),
        body_read_timeout: Duration::from_millis(200),
        ..Config::default()
    }
}

#[tokio::test]
async fn who_dawdles_is_let_go() {
    let desk = Desk::with(hasty());
    let server = start(&desk);
    for start in ["", "P", "PRI * HT", "GET /livez HTTP/1.1\r\nHo"] {
        let mut stream = open(&server).await;
        stream.write_all(start.as_bytes()).await.unwrap();
        // Nothing but the end of the connection, or an answer that says why.
        let text = read_until(&mut stream, "never").await;
        assert!(
            text.is_empty() || text.starts_with("HTTP/1.1 408"),
            "{start:?}: {text}"
        );
    }
    let mut stream = open(&server).await;
    stream
        .write_all(head("Content-Length: 100\r\n\r\n{").as_bytes())
        .await
        .unwrap();
    let text = read_until(&mut stream, "request_timeout").await;
    assert!(text.starts_with("HTTP/1.1 408"), "{text}");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let desk = Desk::new();
    let server = start(&desk);
    let mut stream = open(&server).await;
    let long = "x".repeat(40_000);
    let _ = stream
        .write_all(format!("GET /livez HTTP/1.1\r\nHost: x\r\nLong: {long}\r\n\r\n").as_bytes())
        .await;
    let text = read_until(&mut stream, "\r\n\r\n").await;
    assert!(text.starts_with("HTTP/1.1 431"), "{text}");
}

#[tokio::test]
async fn the_stop_ends_watchers_and_answers_what_was_begun() {
    // Shorter than any wait for events: only the drain itself ends the watcher in time.
    let desk = Desk::with(Config {
        drain_timeout: Duration::from_secs(2),
        ..Config::default()
    });
    let server = start(&desk);
    let mut watcher = open(&server).await;
    watcher
        .write_all(b"GET /v1/orders:watch HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    assert!(
        read_until(&mut watcher, "id: 0")
            .await
            .contains("text/event-stream")
    );
    let mut begun = open(&server).await;
    let body = order().to_string();
    begun
        .write_all(
            head(&format!(
                "Content-Length: {}\r\n\r\n{}",
                body.len(),
                &body[..10]
            ))
            .as_bytes(),
        )
        .await
        .unwrap();
    // The watcher sees an order that is placed now, so both connections are being served.
    desk.placed("seen").await;
    assert!(
        read_until(&mut watcher, "\"seen\"")
            .await
            .contains("order.placed.v1")
    );
    server.stop.send(()).unwrap();
    assert!(
        read_until(&mut watcher, "0\r\n\r\n")
            .await
            .ends_with("0\r\n\r\n"),
        "the stream ends properly"
    );
    begun.write_all(&body.as_bytes()[10..]).await.unwrap();
    assert!(
        read_until(&mut begun, "allowed_actions")
            .await
            .starts_with("HTTP/1.1 201")
    );
    let report = timeout(PATIENCE, server.served).await.unwrap().unwrap();
    assert_eq!((report.served, report.cut), (2, 0));
}

#[tokio::test]
async fn who_keeps_a_connection_is_told_of_the_stop_by_an_answer() {
    let desk = Desk::new();
    let server = start(&desk);
    let [mut busy, mut idle] = [open(&server).await, open(&server).await];
    let request = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n";
    for stream in [&mut busy, &mut idle] {
        stream.write_all(request).await.unwrap();
        let answer = read_until(stream, "\r\n\r\n").await.to_lowercase();
        assert!(answer.starts_with("http/1.1 200"), "{answer}");
        assert!(!answer.contains("connection: close"), "{answer}");
    }
    let mut watcher = open(&server).await;
    let watch = b"GET /v1/orders:watch HTTP/1.1\r\nHost: x\r\n\r\n";
    watcher.write_all(watch).await.unwrap();
    read_until(&mut watcher, "id: 0").await;
    server.stop.send(()).unwrap();
    // The watcher's stream ends when the connections are told to finish.
    read_until(&mut watcher, "0\r\n\r\n").await;

    // A request that was on its way meanwhile has an answer, and its client leaves.
    busy.write_all(request).await.unwrap();
    let answer = read_until(&mut busy, CLOSED).await.to_lowercase();
    assert!(answer.starts_with("http/1.1 200"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    // Whoever asks for nothing does not hold up the stop.
    assert_eq!(read_until(&mut idle, CLOSED).await, "");
    let report = timeout(PATIENCE, server.served).await.unwrap().unwrap();
    assert_eq!((report.served, report.cut), (3, 0));
}
