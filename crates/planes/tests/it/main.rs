//! Planes seen from outside: real sockets, real devices, real network namespaces.

#![expect(
    clippy::unwrap_used,
    reason = "a test's helpers may stop at the first surprise too"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "the peers of these tests are outside the planes"
)]

mod audit;
mod child;
mod exhaustion;
mod isolation;
mod links;
mod loopback;
mod names;
mod netns;
mod rebirth;
mod relay;
mod routes;
mod serving;
mod sources;

use planes::{ConnectOptions, ListenOptions, Listener, Plane, PlaneKind, connect, listen};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// No wait of a test is longer; one that is has failed.
const TEST_TIMEOUT: Duration = Duration::from_secs(20);

fn localhost(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// A listener on a free port of 127.0.0.1, by no device.
fn unbound_listener() -> Listener {
    listen(
        &Plane::unbound(PlaneKind::Data),
        localhost(0),
        ListenOptions::default(),
    )
    .unwrap()
}

async fn connect_unbound(peer: SocketAddr) -> TcpStream {
    connect(
        &Plane::unbound(PlaneKind::Data),
        peer,
        ConnectOptions::default(),
    )
    .await
    .unwrap()
}

/// Sends a byte and gives the byte that comes back, or nothing when the connection ended.
async fn exchange(stream: &mut TcpStream, byte: u8) -> Option<u8> {
    let answer = async {
        stream.write_all(&[byte]).await.ok()?;
        stream.read_u8().await.ok()
    };
    within(answer).await
}

/// What `work` gives, or a failed test.
async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(TEST_TIMEOUT, work)
        .await
        .expect("the test's time limit")
}

/// Looks again and again until `holds`, or fails the test.
async fn until(what: &str, holds: impl Fn() -> bool) {
    let poll = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(
        tokio::time::timeout(TEST_TIMEOUT, poll).await.is_ok(),
        "never came true: {what}"
    );
}
