//! Tries what can be told by trying alone: connections to the peers by their planes, and how long a packet
//! may be on the way. Nothing is sent but a connection that is closed again and a few ICMP echoes.

use crate::look::{Scene, neighbours};
use crate::pod::{Outcome, Path, Pod, Try};
use planes::{ConnectOptions, Echo, NetlinkError, Plane, PlaneError, Timers, connect, ping};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::task::{JoinSet, spawn_blocking};

/// How long a connection may take: more than the 3 s after which the kernel says what is wrong.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an echo may take.
const ECHO_TIMEOUT: Duration = Duration::from_secs(1);
/// A peer that is reached at more addresses is tried at the first ones.
const MAX_TRIES: usize = 64;
/// Every IPv4 link carries packets of so many bytes (RFC 791).
const SMALLEST_BYTES: u32 = 576;
/// Between the smallest and the interface's own, these are tried: what tunnels leave of 1,500 and of 9,000.
const USUAL_BYTES: [u32; 6] = [8_950, 1_492, 1_450, 1_420, 1_400, 1_280];

/// Tries every peer of the scene, all at once, and writes into `pod` what came of it. Must be called inside
/// a Tokio runtime, and in the pod's network namespace.
pub async fn probe(scene: &Scene, pod: &mut Pod) -> Result<(), NetlinkError> {
    let mut tries = JoinSet::new();
    for (name, plane, address) in targets(scene).take(MAX_TRIES) {
        tries.spawn(async move {
            Try {
                name,
                plane: plane.kind().name().to_owned(),
                address,
                outcome: attempt(&plane, address).await,
            }
        });
    }
    while let Some(tried) = tries.join_next().await {
        pod.tries.extend(tried.ok());
    }
    pod.tries
        .sort_by(|a, b| (&a.name, a.address).cmp(&(&b.name, b.address)));
    pod.neighbours = neighbours()?;
    if pod.kernel.may_ping == Some(true) {
        paths(scene, pod).await;
    } else {
        pod.cannot_tell.push(crate::CannotTell {
            id: "MTU002",
            reason: "ICMP echo is closed to this user (SYS007)".to_owned(),
        });
    }
    Ok(())
}

/// Every address of every peer, with its plane.
pub(crate) fn targets(scene: &Scene) -> impl Iterator<Item = (String, Plane, SocketAddr)> {
    scene.peers.iter().flat_map(|target| {
        let plane = scene
            .planes
            .iter()
            .find(|plane| plane.kind() == target.plane);
        let addresses = plane.into_iter().flat_map(|plane| {
            let with_plane = |address: &IpAddr| (plane.clone(), *address);
            target.addresses.iter().map(with_plane)
        });
        addresses.map(|(plane, address)| {
            let address = SocketAddr::new(address, target.port);
            (target.name.clone(), plane, address)
        })
    })
}

/// A connection, closed as soon as it is there.
pub(crate) async fn attempt(plane: &Plane, address: SocketAddr) -> Outcome {
    let options = ConnectOptions {
        timeout: CONNECT_TIMEOUT,
        // The usual 3 s would end the waiting just before the kernel says that nobody is there.
        timers: Timers {
            user_timeout: CONNECT_TIMEOUT,
            ..Timers::DEFAULT
        },
        ..ConnectOptions::default()
    };
    match connect(plane, address, options).await {
        Ok(_) => Outcome::Taken,
        Err(PlaneError::ConnectTimeout { .. }) => Outcome::Silence,
        Err(PlaneError::Connect { by: Some(by), .. }) => Outcome::Rejected(by),
        Err(PlaneError::Connect { source, .. }) => match source.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => Outcome::Refused,
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Outcome::Unreachable,
            ErrorKind::TimedOut => Outcome::Silence,
            _ => Outcome::Failed(source.to_string()),
        },
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

/// Of each plane the first peer that took a connection.
async fn paths(scene: &Scene, pod: &mut Pod) {
    for plane in scene
        .planes
        .iter()
        .filter(|plane| plane.interface().is_some())
    {
        let name = plane.kind().name();
        let own = pod.planes.iter().find(|own| own.name == name);
        let Some(mtu) = own.and_then(|own| Some(own.link.as_ref()?.mtu)) else {
            continue;
        };
        let taken = |tried: &&Try| tried.plane == name && tried.outcome == Outcome::Taken;
        let peer = pod.tries.iter().find(taken).map(|tried| tried.address.ip());
        let Some(IpAddr::V4(address)) = peer else {
            continue;
        };
        let plane = plane.clone();
        let asked = spawn_blocking(move || path(&plane, address, mtu));
        pod.paths.extend(asked.await.ok());
    }
}

fn path(plane: &Plane, address: Ipv4Addr, mtu: u32) -> Path {
    let answered = |bytes: u32| {
        // One that is lost may just be lost.
        let mut echoes = (0..2).map(|_| ping(plane, address, bytes, ECHO_TIMEOUT));
        echoes.any(|echo| matches!(echo, Ok(Echo::Answered)))
    };
    let mut path = Path {
        plane: plane.kind().name().to_owned(),
        address: address.into(),
        longest: mtu,
        whole: answered(mtu),
        answered: None,
    };
    if path.whole {
        path.answered = Some(mtu);
    } else if answered(SMALLEST_BYTES.min(mtu)) {
        let shorter = USUAL_BYTES.into_iter().filter(|bytes| *bytes < mtu);
        path.answered = shorter
            .chain([SMALLEST_BYTES])
            .find(|bytes| answered(*bytes));
    }
    path
}
