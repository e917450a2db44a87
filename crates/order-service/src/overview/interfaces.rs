//! The planes' interfaces and what went by them.

use super::window::Window;
use crate::traffic::Counts;
use adapter_management::Interface;
use planes::{Plane, PlaneLink};
use std::collections::HashMap;

/// Every plane as it is: `links` of the bound ones, `counters` as they were read last.
pub(super) fn interfaces(
    planes: &[Plane],
    links: &[PlaneLink],
    counters: &HashMap<String, Counts>,
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
            errors_total: counted.map(Counts::broken),
            dropped_total: counted.map(Counts::dropped),
        }
    };
    planes.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use planes::{Link, LinkState, Mac, PlaneKind};

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
        let counts = Counts {
            errors: [1, 2, 3, 4],
            ..Counts::default()
        };
        let counted = HashMap::from([("net1".to_owned(), counts)]);
        let shown = interfaces(&planes, &links, &counted, &Window::default());
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
