//! The planes' interfaces and what went by them.

use super::window::Window;
use adapter_management::Interface;
use planes::{Plane, PlaneLink};
use std::collections::HashMap;
use std::io;

/// Where the kernel counts, for the network namespace of this process (proc(5)). Takes no privileges.
const COUNTERS: &str = "/proc/self/net/dev";

/// What went by an interface since it came up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counters {
    pub(super) receive_bytes: u64,
    pub(super) transmit_bytes: u64,
    /// Of both directions, as the next.
    pub(super) errors: u64,
    pub(super) dropped: u64,
}

/// Of every interface, by its name.
pub(super) fn counters() -> io::Result<HashMap<String, Counters>> {
    std::fs::read_to_string(COUNTERS).map(|text| parse(&text))
}

/// `net1: bytes packets errs drop fifo frame compressed multicast bytes packets errs drop …`, below two lines
/// of titles.
fn parse(text: &str) -> HashMap<String, Counters> {
    let line = |line: &str| {
        // A name has no colon: the kernel refuses it.
        let (name, numbers) = line.split_once(':')?;
        let numbers: Vec<u64> = numbers
            .split_ascii_whitespace()
            .map_while(|number| number.parse().ok())
            .collect();
        let number = |at: usize| numbers.get(at).copied();
        let counters = Counters {
            receive_bytes: number(0)?,
            transmit_bytes: number(8)?,
            errors: number(2)?.saturating_add(number(10)?),
            dropped: number(3)?.saturating_add(number(11)?),
        };
        Some((name.trim().to_owned(), counters))
    };
    text.lines().filter_map(line).collect()
}

/// Every plane as it is: `links` of the bound ones, `counters` as they were read last.
pub(super) fn interfaces(
    planes: &[Plane],
    links: &[PlaneLink],
    counters: &HashMap<String, Counters>,
    window: &Window,
) -> Vec<Interface> {
    let one = |plane: &Plane| {
        let link = links.iter().find(|link| link.plane == *plane);
        let present = link.and_then(|link| link.link.present());
        let fault = link.and_then(PlaneLink::fault);
        let name = plane.interface();
        let (receive, transmit) = name.map_or((None, None), |name| window.bytes_per_second(name));
        let counted = name.and_then(|name| counters.get(name));
        Interface {
            plane: plane.kind().name().to_owned(),
            interface: name.map(str::to_owned),
            up: fault.is_none(),
            detail: match (fault, name) {
                (Some(fault), _) => fault.to_string(),
                (None, Some(_)) => String::new(),
                (None, None) => format!(
                    "Its sockets go where the routing table says: set {}.",
                    plane.kind().variable()
                ),
            },
            addresses: present.map_or_else(Vec::new, |link| {
                link.addresses.iter().map(ToString::to_string).collect()
            }),
            mtu: present.map(|link| link.mtu),
            receive_bytes_total: counted.map(|counters| counters.receive_bytes),
            transmit_bytes_total: counted.map(|counters| counters.transmit_bytes),
            receive_bytes_per_second: receive,
            transmit_bytes_per_second: transmit,
            errors_total: counted.map(|counters| counters.errors),
            dropped_total: counted.map(|counters| counters.dropped),
        }
    };
    planes.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use planes::{Link, LinkState, Mac, PlaneKind};

    const TEXT: &str = "\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:  100       2    0    0    0     0          0         0      100       2    0    0    0     0       0          0
  net1:1234567     99    1    2    0     0          0         0  7654321      88    3    4    0     0       0          0
broken: 1 2
";

    #[test]
    fn the_kernels_counters_are_read() {
        let read = parse(TEXT);
        assert_eq!(read.len(), 2);
        let expected = Counters {
            receive_bytes: 1_234_567,
            transmit_bytes: 7_654_321,
            errors: 4,
            dropped: 6,
        };
        assert_eq!(read["net1"], expected);
        assert!(counters().unwrap().contains_key("lo"));
    }

    #[test]
    fn a_plane_is_shown_up_down_or_unbound() {
        let bound = |name| Plane::bound(PlaneKind::Data, name).unwrap();
        let planes = [
            bound("net1"),
            bound("net2"),
            Plane::unbound(PlaneKind::Storage),
        ];
        let up = LinkState {
            name: "net1".to_owned(),
            index: 3,
            mac: Mac::default(),
            admin_up: true,
            carrier: true,
            carrier_changes: 1,
            mtu: 9000,
            kind: String::new(),
            addresses: Vec::new(),
        };
        let links = [Link::Present(up), Link::Absent];
        let links: Vec<PlaneLink> = planes
            .iter()
            .zip(links)
            .map(|(plane, link)| PlaneLink {
                plane: plane.clone(),
                link,
            })
            .collect();
        let shown = interfaces(&planes, &links, &parse(TEXT), &Window::default());
        let told: Vec<_> = shown
            .iter()
            .map(|one| (one.interface.as_deref(), one.up, one.mtu, one.errors_total))
            .collect();
        assert_eq!(
            told,
            [
                (Some("net1"), false, Some(9000), Some(4)),
                (Some("net2"), false, None, None),
                (None, true, None, None)
            ]
        );
        assert!(shown[0].detail.contains("NET005"), "{}", shown[0].detail);
        assert!(shown[1].detail.contains("NET001"), "{}", shown[1].detail);
        assert!(
            shown[2].detail.contains("STORAGE_INTERFACE"),
            "{}",
            shown[2].detail
        );
    }
}
