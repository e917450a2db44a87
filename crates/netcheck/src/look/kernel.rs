//! The kernel's settings and counters, from `/proc`, and what it lets this process do.

use super::read;
use crate::pod::{Kernel, Stray, Whose};
use planes::{NetlinkError, Owner, Plane, Protocol, SeenSocket, SocketState};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Ports of meshes: Istio's outbound and inbound, Linkerd's inbound proxy.
const MESH_PORTS: [u16; 3] = [15_001, 15_006, 4_143];

/// What is true of the whole network namespace, and of every socket in it.
pub(super) fn kernel(planes: &[Plane]) -> Result<(Kernel, Vec<Stray>), NetlinkError> {
    // Without ending any: the service's own audit does that, and counts it.
    let (sockets, violations) = planes::look_at_sockets(planes.to_vec())?;
    let listens = |port: &u16| {
        sockets.iter().any(|socket| {
            socket.protocol == Protocol::Tcp
                && socket.state == SocketState::LISTEN
                && socket.local.port() == *port
        })
    };
    let kernel = Kernel {
        ip_forward: number("/proc/sys/net/ipv4/ip_forward"),
        reverse_path_drops: reverse_path_drops(),
        cannot_bind: planes.iter().find_map(cannot_bind),
        may_ping: may_ping(),
        mesh_ports: MESH_PORTS.into_iter().filter(listens).collect(),
    };
    let user = fs::metadata("/proc/self").map(|of| of.uid()).ok();
    let mut strays: Vec<Stray> = violations
        .iter()
        .map(|violation| Stray {
            // Run as a command beside the service, it is another process of the same user.
            whose: match violation.socket.owner {
                Owner::Own => Whose::Own,
                Owner::Foreign { uid } if Some(uid) == user => Whose::Own,
                Owner::Foreign { .. } | Owner::Nobody => Whose::Foreign,
            },
            what: violation.to_string(),
        })
        .collect();
    strays.extend(sockets.iter().filter_map(orphan));
    Ok((kernel, strays))
}

fn orphan(socket: &SeenSocket) -> Option<Stray> {
    let device = socket.device.as_ref()?;
    device.name.is_none().then(|| Stray {
        whose: Whose::Orphan,
        what: format!(
            "{} {} ({}, {}) is bound to interface {}, which is gone",
            socket.protocol, socket.local, socket.state, socket.owner, device.index
        ),
    })
}

/// A plane without an interface, or one whose interface is gone, tells nothing.
fn cannot_bind(plane: &Plane) -> Option<String> {
    plane.interface()?;
    match planes::try_binding(plane) {
        Err(error @ planes::PlaneError::BindDeviceRefused { .. }) => Some(error.to_string()),
        _ => None,
    }
}

/// Whether the group range has one of this process's groups (icmp(7)).
fn may_ping() -> Option<bool> {
    let range = read(Path::new("/proc/sys/net/ipv4/ping_group_range")).ok()?;
    let mut ends = range.split_whitespace().map(str::parse::<u64>);
    let (first, last) = (ends.next()?.ok()?, ends.next()?.ok()?);
    let status = read(Path::new("/proc/self/status")).ok()?;
    let groups = status
        .lines()
        .filter_map(|line| {
            line.strip_prefix("Gid:")
                .or_else(|| line.strip_prefix("Groups:"))
        })
        .flat_map(str::split_whitespace)
        .filter_map(|group| group.parse::<u64>().ok());
    Some(
        groups
            .into_iter()
            .any(|group| (first..=last).contains(&group)),
    )
}

/// Of this thread's network namespace, which `/proc/net` may not be.
fn reverse_path_drops() -> Option<u64> {
    let text = read(Path::new("/proc/thread-self/net/netstat")).ok()?;
    counter(&text, "TcpExt:", "IPReversePathFilter")
}

/// A counter of `/proc/net/netstat`: a line of names, then a line of numbers.
fn counter(text: &str, group: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().filter(|line| line.starts_with(group));
    let (names, numbers) = (lines.next()?, lines.next()?);
    let mut pairs = names.split(' ').zip(numbers.split(' '));
    pairs.find(|(known, _)| *known == name)?.1.parse().ok()
}

/// A setting that is one number.
pub(super) fn number(file: &str) -> Option<u32> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_found_by_its_name() {
        let text =
            "TcpExt: SyncookiesSent IPReversePathFilter\nTcpExt: 3 7\nIpExt: InOctets\nIpExt: 9\n";
        assert_eq!(counter(text, "TcpExt:", "IPReversePathFilter"), Some(7));
        assert_eq!(counter(text, "TcpExt:", "Unknown"), None);
        assert_eq!(counter("", "TcpExt:", "IPReversePathFilter"), None);
    }
}
