//! The server's bounds and its stop.

use crate::server::{Answer, Server, read_to_end, within};
use adapter_management::Config;
use prometheus_client::registry::Registry;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_head_that_does_not_come_ends_the_connection() {
    let config = Config {
        header_read_timeout: Duration::from_millis(200),
        ..Config::default()
    };
    let server = Server::start_with(Registry::default(), config);
    let mut slow = server.connect().await;
    let start = Instant::now();
    slow.write_all(b"GET /livez HTTP/1.1\r\nhost: te")
        .await
        .unwrap();
    let text = read_to_end(&mut slow).await;
    assert!(
        text.is_empty() || text.starts_with("HTTP/1.1 408"),
        "{text}"
    );
    assert!(start.elapsed() >= config.header_read_timeout);
    assert_eq!(server.get("/livez").await.status, 200);
}

#[tokio::test]
async fn a_head_beyond_the_bound_is_refused() {
    let server = Server::start();
    let header = format!(
        "x-long: {}\r\n",
        "x".repeat(Config::default().max_head_bytes)
    );
    assert_eq!(server.send("GET", "/livez", &header).await.status, 431);
}

#[tokio::test]
async fn connections_beyond_the_bound_wait() {
    let config = Config {
        max_connections: 1,
        ..Config::default()
    };
    let server = Server::start_with(Registry::default(), config);
    let request = b"GET /livez HTTP/1.1\r\nhost: test\r\n\r\n";
    let mut first = server.connect().await;
    first.write_all(request).await.unwrap();
    assert_eq!(within(first.read_u8()).await.unwrap(), b'H');

    let mut second = server.connect().await;
    second.write_all(request).await.unwrap();
    let unanswered = tokio::time::timeout(Duration::from_millis(150), second.read_u8()).await;
    assert!(unanswered.is_err(), "a second connection was served");
    drop(first);
    assert_eq!(within(second.read_u8()).await.unwrap(), b'H');
}

#[tokio::test]
async fn the_stop_ends_idle_connections_and_answers_what_has_arrived() {
    let request = b"GET /livez HTTP/1.1\r\nhost: test\r\n\r\n";
    let server = Server::start();
    let [mut idle, mut again] = [server.connect().await, server.connect().await];
    for kept in [&mut idle, &mut again] {
        kept.write_all(request).await.unwrap();
        assert!(read_one(kept).await.starts_with("HTTP/1.1 200"));
    }
    // A request of which the server has read a part: another was answered after it.
    let mut half = server.connect().await;
    half.write_all(&request[..10]).await.unwrap();
    assert_eq!(server.get("/livez").await.status, 200);

    // The runtime has one thread, so the server sees these requests and the stop at the same time.
    let mut late = server.connect().await;
    late.try_write(request).unwrap();
    again.try_write(request).unwrap();
    server.stop.start();
    assert_eq!(read_to_end(&mut idle).await, "");
    half.write_all(&request[10..]).await.unwrap();
    for stream in [&mut late, &mut again, &mut half] {
        assert_eq!(Answer::parse(&read_to_end(stream).await).status, 200);
    }
    let report = within(server.task).await.unwrap();
    assert_eq!((report.served, report.cut), (5, 0));
}

/// The one answer that is on the way.
async fn read_one(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    while !text.ends_with("ok\n") {
        text.push(within(stream.read_u8()).await.unwrap().into());
    }
    text
}
