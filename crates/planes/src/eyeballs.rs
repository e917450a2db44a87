//! Connecting to a peer with several addresses: the next is tried while the one before still waits
//! ("happy eyeballs", RFC 8305), each attempt bound to the plane.

use crate::families::of_usable_families;
use crate::{ConnectOptions, Plane, PlaneError, connect};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// How long an attempt has the field to itself, in milliseconds (RFC 8305, section 5).
const HEAD_START_MS: u64 = 250;
/// Addresses that are tried at most; a name with more of them is a list of replicas.
const MOST_ATTEMPTS: usize = 8;

/// Connects to the port at whichever of `addresses` answers first, by the plane's device and from its
/// own address only. One that has not answered within 250 ms is tried on beside the next; the first
/// connection ends the other attempts. The time of `options` bounds each attempt; a source that it
/// names is kept.
///
/// The error is that of the first address that failed. Must be called inside a Tokio runtime.
pub async fn connect_first(
    plane: &Plane,
    addresses: &[IpAddr],
    port: u16,
    options: ConnectOptions,
) -> Result<TcpStream, PlaneError> {
    let (plane_to_ask, all) = (plane.clone(), addresses.to_vec());
    // Questions to the kernel, which may take it longer than a runtime should wait.
    let asking = tokio::task::spawn_blocking(move || attempts(&plane_to_ask, all, port, options));
    let attempts = asking.await.unwrap_or_default();
    let mut waiting = attempts.into_iter().take(MOST_ATTEMPTS);
    let mut running: JoinSet<Result<TcpStream, PlaneError>> = JoinSet::new();
    let mut failure = None;
    loop {
        if let Some((peer, options)) = waiting.next() {
            let plane = plane.clone();
            running.spawn(async move { connect(&plane, peer, options).await });
        } else if running.is_empty() {
            return Err(failure.unwrap_or_else(|| nothing_to_try(plane)));
        }
        let more = waiting.len() > 0;
        tokio::select! {
            Some(ended) = running.join_next() => match ended {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => failure = failure.or(Some(error)),
                // An attempt is never cancelled while others run, and does not panic.
                Err(_) => {}
            },
            () = sleep(Duration::from_millis(HEAD_START_MS)), if more => {}
        }
    }
}

/// What to try in turn, families alternating.
fn attempts(
    plane: &Plane,
    addresses: Vec<IpAddr>,
    port: u16,
    options: ConnectOptions,
) -> Vec<(SocketAddr, ConnectOptions)> {
    // Without the kernel's answers the attempts themselves tell what is wrong.
    let usable = of_usable_families(plane, addresses.clone()).unwrap_or(addresses);
    let with_source = |address: IpAddr| {
        let source = options
            .source
            .filter(|own| own.is_ipv4() == address.is_ipv4());
        (
            SocketAddr::new(address, port),
            ConnectOptions { source, ..options },
        )
    };
    interleaved(usable).into_iter().map(with_source).collect()
}

/// The families in turn, beginning with that of the first address (RFC 8305, section 4).
fn interleaved(addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let first = addresses.first().is_some_and(IpAddr::is_ipv4);
    let (mut one, mut other): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .rev()
        .partition(|address| address.is_ipv4() == first);
    let mut all = Vec::with_capacity(one.len() + other.len());
    while !(one.is_empty() && other.is_empty()) {
        all.extend(one.pop());
        all.extend(other.pop());
    }
    all
}

fn nothing_to_try(plane: &Plane) -> PlaneError {
    let nothing = std::io::Error::other("the peer has no address");
    PlaneError::setup(plane, "connecting", nothing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tcp::new_socket;
    use crate::{ListenOptions, PlaneKind, Timers, listen};
    use std::net::Ipv4Addr;

    fn addresses(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn families_alternate() {
        for (given, tried) in [
            (
                &["::1", "::2", "10.0.0.1"][..],
                &["::1", "10.0.0.1", "::2"][..],
            ),
            (&["10.0.0.1", "10.0.0.2"], &["10.0.0.1", "10.0.0.2"]),
            (&[], &[]),
        ] {
            assert_eq!(interleaved(addresses(given)), addresses(tried));
        }
    }

    #[tokio::test]
    async fn the_first_that_answers_is_taken() {
        let plane = Plane::unbound(PlaneKind::Data);
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = listen(&plane, here, ListenOptions::default()).unwrap();
        let port = listener.local_addr().port();
        // Nobody listens on 127.0.0.2.
        let peers = addresses(&["127.0.0.2", "127.0.0.1"]);
        let stream = connect_first(&plane, &peers, port, ConnectOptions::default()).await;
        let peer = stream.unwrap().peer_addr().unwrap();
        assert_eq!(peer, listener.local_addr());
    }

    #[tokio::test]
    async fn an_address_that_says_nothing_holds_the_next_up_for_a_moment_only() {
        let plane = Plane::unbound(PlaneKind::Data);
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = listen(&plane, here, ListenOptions::default()).unwrap();
        let silent = SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), listener.local_addr().port()));
        // A full queue: the kernel drops what comes next, as a blackhole does.
        let full = new_socket(&plane, silent).unwrap();
        full.bind(&silent.into()).unwrap();
        full.listen(0).unwrap();
        let mut held = Vec::new();
        let patient = ConnectOptions {
            timeout: Duration::from_millis(300),
            timers: Timers::DEFAULT,
            source: None,
        };
        while let Ok(stream) = connect(&plane, silent, patient).await {
            held.push(stream);
        }
        let peers = addresses(&["127.0.0.2", "127.0.0.1"]);
        let started = std::time::Instant::now();
        let options = ConnectOptions::default();
        let stream = connect_first(&plane, &peers, silent.port(), options).await;
        assert_eq!(stream.unwrap().peer_addr().unwrap(), listener.local_addr());
        let took = started.elapsed();
        assert!(took < Duration::from_secs(2), "{took:?}");
    }

    #[tokio::test]
    async fn where_nobody_answers_the_first_failure_is_told() {
        let plane = Plane::unbound(PlaneKind::Data);
        let peers = addresses(&["127.0.0.2", "127.0.0.3"]);
        let options = ConnectOptions::default();
        let error = connect_first(&plane, &peers, 1, options).await.unwrap_err();
        assert!(error.to_string().contains("127.0.0.2:1"), "{error}");
        connect_first(&plane, &[], 1, options).await.unwrap_err();
    }
}
