//! The relay: bytes pass unchanged both ways, ends are passed on, too many wait, strangers stay out.

use crate::{localhost, unbound_listener, until, within};
use planes::{Listener, Plane, PlaneKind, Relay, RelayOptions, Resolver};
use std::os::unix::fs::PermissionsExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

const NAME: &str = ".s.PGSQL.5432";
/// More than every buffer on the way together.
const MUCH_BYTES: usize = 16 * 1024 * 1024;

fn relay(listener: &Listener, options: RelayOptions) -> Relay {
    let plane = Plane::unbound(PlaneKind::Storage);
    let parent = std::env::temp_dir();
    let resolver = Resolver::new(Plane::unbound(PlaneKind::Default));
    let peer = listener.local_addr().into();
    Relay::start(&plane, peer, resolver, &parent, NAME, options, None).unwrap()
}

async fn pair(listener: &Listener, relay: &Relay) -> (UnixStream, TcpStream) {
    let near = UnixStream::connect(relay.folder().join(NAME))
        .await
        .unwrap();
    let (far, _) = within(listener.accept()).await;
    (near, far)
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n % 251).to_le_bytes()[0]).collect()
}

#[tokio::test]
async fn bytes_pass_both_ways_and_each_end_is_passed_on() {
    let listener = unbound_listener();
    let relay = relay(&listener, RelayOptions::default());
    let (mut near, mut far) = pair(&listener, &relay).await;
    let much = pattern(MUCH_BYTES);
    let send = async {
        near.write_all(&much).await.unwrap();
        // Half of the connection ends; the other half goes on.
        near.shutdown().await.unwrap();
    };
    let mut received = Vec::new();
    let receive = async { far.read_to_end(&mut received).await.unwrap() };
    within(async { tokio::join!(send, receive) }).await;
    assert!(received == much, "what was sent is what came");

    far.write_all(b"answer").await.unwrap();
    drop(far);
    let mut answer = Vec::new();
    within(near.read_to_end(&mut answer)).await.unwrap();
    assert_eq!(answer, b"answer");
    until("the connection is over", || relay.open_connections() == 0).await;
}

#[tokio::test]
async fn a_reader_that_stops_makes_the_sender_wait() {
    let listener = unbound_listener();
    let relay = relay(&listener, RelayOptions::default());
    let (near, mut far) = pair(&listener, &relay).await;
    let mut sent = 0;
    let chunk = pattern(64 * 1024);
    // The kernel takes some megabytes at most; a relay without back-pressure would take all.
    let quiet = std::time::Duration::from_millis(200);
    while let Ok(ready) = tokio::time::timeout(quiet, near.writable()).await {
        ready.unwrap();
        if let Ok(count) = near.try_write(&chunk) {
            sent += count;
        }
        assert!(sent < 4 * MUCH_BYTES, "nothing makes the sender wait");
    }
    drop(near);
    let mut received = Vec::new();
    within(far.read_to_end(&mut received)).await.unwrap();
    assert_eq!(received.len(), sent, "nothing is lost");
}

#[tokio::test]
async fn connections_beyond_the_bound_wait_for_their_turn() {
    let listener = unbound_listener();
    let options = RelayOptions {
        max_connections: 2,
        ..RelayOptions::default()
    };
    let relay = relay(&listener, options);
    let (first, first_far) = pair(&listener, &relay).await;
    let (_second, _second_far) = pair(&listener, &relay).await;
    let third = UnixStream::connect(relay.folder().join(NAME))
        .await
        .unwrap();
    let quiet = std::time::Duration::from_millis(100);
    assert!(
        tokio::time::timeout(quiet, listener.accept())
            .await
            .is_err(),
        "a third connection is relayed"
    );
    drop((first, first_far));
    within(listener.accept()).await;
    drop(third);
}

#[tokio::test]
async fn the_folder_is_private_and_goes_with_the_relay() {
    let listener = unbound_listener();
    let relay = relay(&listener, RelayOptions::default());
    let folder = relay.folder().to_owned();
    let mode = std::fs::metadata(&folder).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    let (mut near, _far) = pair(&listener, &relay).await;
    drop(relay);
    assert!(!folder.exists());
    assert_eq!(
        within(near.read(&mut [0; 1])).await.unwrap_or(0),
        0,
        "the connection ends"
    );
}

#[tokio::test]
async fn a_peer_that_is_not_there_ends_the_connection_and_is_named() {
    let listener = unbound_listener();
    let peer = listener.local_addr();
    let relay = relay(&listener, RelayOptions::default());
    drop(listener);
    let mut near = UnixStream::connect(relay.folder().join(NAME))
        .await
        .unwrap();
    assert_eq!(within(near.read(&mut [0; 1])).await.unwrap_or(0), 0);
    let failure = relay.last_failure().unwrap();
    assert!(
        failure.contains(&peer.to_string()) && failure.contains("nothing listens"),
        "{failure}"
    );
    assert_eq!(peer.ip(), localhost(0).ip());
}
