//! `/api/status/stream`, and peers' status.

use crate::server::{Server, read_to_end, within};
use adapter_management::{PeerFailure, Snapshot};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const STREAMS: usize = 32;

/// A stream's connection, and what it has sent.
struct Stream {
    connection: TcpStream,
    text: String,
}

impl Stream {
    async fn open(server: &Server) -> Stream {
        let mut connection = server.connect().await;
        let request = b"GET /api/status/stream HTTP/1.1\r\nhost: test\r\n\r\n";
        connection.write_all(request).await.unwrap();
        Stream {
            connection,
            text: String::new(),
        }
    }

    /// Reads until it has sent this, and forgets what came before.
    async fn until(&mut self, words: &str) {
        while !self.text.contains(words) {
            let mut bytes = [0; 4096];
            let length = within(self.connection.read(&mut bytes)).await.unwrap();
            assert!(length > 0, "it ended: {}", self.text);
            self.text
                .push_str(&String::from_utf8_lossy(&bytes[..length]));
        }
        let (_, rest) = self.text.split_once(words).unwrap();
        let rest = rest.len();
        self.text.drain(..self.text.len() - rest);
    }
}

fn named(name: &str) -> Snapshot {
    let mut snapshot = Snapshot::default();
    snapshot.pod.name = Some(name.to_owned());
    snapshot
}

#[tokio::test]
async fn a_stream_begins_with_the_status_and_tells_every_new_one() {
    let server = Server::start();
    let mut stream = Stream::open(&server).await;
    stream.until("text/event-stream").await;
    stream.until("retry: 2000\n\nevent: status\ndata: {").await;
    stream.until("\"name\":\"order-service-a\"").await;
    for name in ["first", "second\n\nevent: forged"] {
        server.overview.show(named(name));
        stream.until("event: status\ndata: ").await;
        stream.until("\"name\":").await;
    }
    // What a pod tells cannot break a frame in two.
    stream.until("second\\n\\nevent: forged").await;
}

#[tokio::test(start_paused = true)]
async fn without_anything_new_a_sign_of_life_is_sent() {
    let server = Server::start();
    let mut stream = Stream::open(&server).await;
    stream.until("event: status").await;
    stream.until("\n\n").await;
    stream.until(": nothing new\n\n").await;
    stream.until(": nothing new\n\n").await;
}

#[tokio::test]
async fn streams_are_bounded_and_free_again_when_who_looked_goes_away() {
    let server = Server::start();
    let mut open = Vec::new();
    for _ in 0..STREAMS {
        let mut stream = Stream::open(&server).await;
        stream.until("event: status").await;
        open.push(stream);
    }
    assert_eq!(server.overview.shown().receiver_count(), STREAMS);
    let refused = server.get("/api/status/stream").await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.header("retry-after"), Some("2"));
    assert_eq!(refused.json()["code"], "too_many_streams");
    // Probes and scrapes are answered all the same.
    assert_eq!(server.get("/livez").await.status, 200);
    open.pop();
    within(async {
        // Its end is seen by what is written to it.
        while server.overview.shown().receiver_count() == STREAMS {
            server.overview.show(named("again"));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let mut stream = Stream::open(&server).await;
    stream.until("event: status").await;
}

#[tokio::test]
async fn a_stream_ends_when_the_service_drains() {
    let server = Server::start();
    let mut stream = Stream::open(&server).await;
    stream.until("event: status").await;
    server.stop.start();
    // The last chunk of an answer that is whole.
    let rest = read_to_end(&mut stream.connection).await;
    assert!((stream.text + &rest).ends_with("0\r\n\r\n"), "{rest}");
    let report = within(server.task).await.unwrap();
    assert_eq!(report.cut, 0);
}

#[tokio::test]
async fn a_peer_is_told_as_it_tells_itself_or_why_it_does_not() {
    let server = Server::start();
    let told = "{\"name\":\"order-service\",\"ready\":false}".to_owned();
    server.overview.answer("b", Ok(told.clone()));
    let answer = server.get("/api/peers/b/status").await;
    assert_eq!((answer.status, answer.body), (200, told));

    let unknown = server.get("/api/peers/nobody/status").await;
    assert_eq!(unknown.status, 404);
    assert_eq!(unknown.json()["code"], "no_such_peer");

    let why = "cannot be reached by the management plane at 10.10.0.12:9091: no route";
    let failure = PeerFailure::Unreachable(why.to_owned());
    server.overview.answer("c", Err(failure));
    server.overview.answer("d", Ok("x".repeat(512 * 1024 + 1)));
    for (pod, words) in [("c", why), ("d", "longer than 524288 bytes")] {
        let answer = server.get(&format!("/api/peers/{pod}/status")).await;
        assert_eq!(answer.status, 502);
        let problem = answer.json();
        assert_eq!(problem["code"], "peer_unreachable");
        assert!(
            problem["detail"].as_str().unwrap().contains(words),
            "{problem}"
        );
    }
}
