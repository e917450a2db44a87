//! Out of file descriptors: accepting pauses and recovers.

use crate::{child, connect_unbound, exchange, unbound_listener, until, within};
use planes::{ServeLimits, drain_channel, serve};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Far below what a machine allows, far above what the test itself has open.
const DESCRIPTORS_MAX: u64 = 96;

#[test]
fn accepting_survives_the_want_of_descriptors() {
    if child::is_child() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(exhaust_and_recover());
    } else {
        child::run_alone("exhaustion::accepting_survives_the_want_of_descriptors");
    }
}

async fn exhaust_and_recover() {
    let listener = unbound_listener();
    let (address, stats) = (listener.local_addr(), listener.stats());
    let (stop, stopped) = drain_channel();
    let limits = ServeLimits::default();
    let server = tokio::spawn(serve(
        listener,
        limits,
        stopped.started(),
        |mut stream, _peer, _drain| async move {
            while let Ok(byte) = stream.read_u8().await {
                if stream.write_u8(byte).await.is_err() {
                    break;
                }
            }
        },
    ));
    let mut before = connect_unbound(address).await;
    assert_eq!(exchange(&mut before, 1).await, Some(1));

    let maximum = getrlimit(Resource::Nofile).maximum;
    let limit = Rlimit {
        current: Some(DESCRIPTORS_MAX),
        maximum,
    };
    setrlimit(Resource::Nofile, limit).unwrap();
    let mut hoard = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        hoard.push(file);
    }
    assert!(!hoard.is_empty(), "the limit took no effect");
    // One descriptor for the client; none is left for the server's side.
    hoard.pop();
    let mut during = connect_unbound(address).await;
    until("an accept failed", || stats.accept_failures() > 0).await;
    assert_eq!(
        exchange(&mut before, 2).await,
        Some(2),
        "an open connection goes on"
    );
    assert!(!server.is_finished());

    drop(hoard);
    assert_eq!(
        exchange(&mut during, 3).await,
        Some(3),
        "accepted once there is room"
    );
    let failures = stats.accept_failures();
    assert!(failures < 100, "{failures} attempts: no backoff");

    drop((before, during));
    stop.start();
    assert_eq!(within(server).await.unwrap().cut, 0);
}
