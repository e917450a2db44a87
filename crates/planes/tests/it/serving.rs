//! The shared accept loop: its bounds, its drain, its cut.

use crate::{connect_unbound, exchange, unbound_listener, until, within};
use planes::{Drain, DrainTrigger, ListenerStats, ServeLimits, ServeReport, drain_channel, serve};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream as StdStream};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// Too long for any test to reach.
const LONG: Duration = Duration::from_mins(1);

struct Server {
    address: SocketAddr,
    stats: ListenerStats,
    stop: DrainTrigger,
    task: JoinHandle<ServeReport>,
}

fn start<H, F>(max_connections: usize, drain_timeout: Duration, handler: H) -> Server
where
    H: Fn(TcpStream, SocketAddr, Drain) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = unbound_listener();
    let (address, stats) = (listener.local_addr(), listener.stats());
    let (stop, stopped) = drain_channel();
    let limits = ServeLimits {
        max_connections,
        drain_timeout,
    };
    let task = tokio::spawn(serve(listener, limits, stopped.started(), handler));
    Server {
        address,
        stats,
        stop,
        task,
    }
}

/// Answers each byte with itself; on a drain, closes as soon as nothing is waiting to be read.
async fn echo_until_drained(mut stream: TcpStream, _peer: SocketAddr, drain: Drain) {
    let drained = drain.started();
    tokio::pin!(drained);
    loop {
        let byte = tokio::select! {
            biased;
            () = &mut drained => return,
            byte = stream.read_u8() => byte,
        };
        let Ok(byte) = byte else { return };
        if stream.write_u8(byte).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn when_full_nothing_is_accepted_until_a_connection_ends() {
    let server = start(2, LONG, echo_until_drained);
    let mut first = connect_unbound(server.address).await;
    let mut second = connect_unbound(server.address).await;
    assert_eq!(exchange(&mut first, 1).await, Some(1));
    assert_eq!(exchange(&mut second, 2).await, Some(2));

    let mut third = connect_unbound(server.address).await;
    third.write_all(&[3]).await.unwrap();
    let unanswered = tokio::time::timeout(Duration::from_millis(150), third.read_u8()).await;
    assert!(unanswered.is_err(), "a third connection was served");
    assert_eq!(server.stats.open_connections(), 2);

    drop(first);
    assert_eq!(within(third.read_u8()).await.unwrap(), 3);
    assert_eq!(server.stats.open_connections(), 2);

    server.stop.start();
    let report = within(server.task).await.unwrap();
    assert_eq!(report, ServeReport { served: 3, cut: 0 });
    assert_eq!(server.stats.open_connections(), 0);
}

#[tokio::test]
async fn a_drain_answers_what_is_in_flight_and_takes_no_more() {
    let (release, released) = drain_channel();
    let server = start(8, LONG, move |mut stream, _peer, drain| {
        let released = released.clone();
        async move {
            let byte = stream.read_u8().await.unwrap();
            drain.started().await;
            released.started().await;
            stream.write_u8(byte).await.unwrap();
        }
    });
    let mut client = connect_unbound(server.address).await;
    client.write_all(&[9]).await.unwrap();
    until("the request is being handled", || {
        server.stats.open_connections() == 1
    })
    .await;

    server.stop.start();
    until("the listener is closed", || {
        StdStream::connect(server.address).is_err()
    })
    .await;
    assert!(
        !server.task.is_finished(),
        "it left before the answer was given"
    );
    release.start();
    assert_eq!(within(client.read_u8()).await.unwrap(), 9);
    assert_eq!(within(server.task).await.unwrap().cut, 0);
}

#[tokio::test]
async fn what_does_not_finish_is_cut_at_the_deadline_and_counted() {
    let drain_timeout = Duration::from_millis(200);
    let server = start(8, drain_timeout, |mut stream, _peer, drain| async move {
        let stubborn = stream.read_u8().await.unwrap() == 1;
        stream.write_u8(0).await.unwrap();
        drain.started().await;
        if stubborn {
            std::future::pending::<()>().await;
        }
    });
    let mut clients = Vec::new();
    for kind in [1, 1, 0] {
        let mut client = connect_unbound(server.address).await;
        assert_eq!(exchange(&mut client, kind).await, Some(0));
        clients.push(client);
    }
    let stopped_at = Instant::now();
    server.stop.start();
    let report = within(server.task).await.unwrap();
    assert_eq!(report, ServeReport { served: 3, cut: 2 });
    assert!(stopped_at.elapsed() >= drain_timeout);
    for mut client in clients {
        assert!(
            within(client.read_u8()).await.is_err(),
            "a cut connection is open"
        );
    }
}

#[tokio::test]
async fn a_handler_that_panics_ends_only_its_own_connection() {
    let server = start(2, LONG, |mut stream, _peer, _drain| async move {
        let byte = stream.read_u8().await.unwrap();
        assert_ne!(byte, 0, "this panic is part of the test");
        stream.write_u8(byte).await.unwrap();
    });
    for _ in 0..3 {
        let mut bad = connect_unbound(server.address).await;
        assert_eq!(exchange(&mut bad, 0).await, None);
    }
    let mut good = connect_unbound(server.address).await;
    assert_eq!(exchange(&mut good, 4).await, Some(4));
}

#[tokio::test]
async fn a_request_that_waits_in_the_kernel_at_the_stop_is_answered() {
    // The runtime has one thread and this test does not yield it: the server sees the connection and
    // the stop at the same time.
    let server = start(8, LONG, echo_until_drained);
    let mut client = StdStream::connect(server.address).unwrap();
    client.write_all(&[6]).unwrap();
    server.stop.start();
    let report = within(server.task).await.unwrap();
    assert_eq!(report, ServeReport { served: 1, cut: 0 });
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, [6]);
}
