//! What happens to a pod's network, and its undoing.

use crate::namespace::Namespace;
use crate::network::{Lab, Network, Pod};
use crate::peers::Peers;
use std::process::Child;

/// Something that happens to one of the pod's networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `ip link set … down` in the pod.
    AdminDown,
    /// The cable behind the interface is pulled out.
    CarrierLoss,
    /// The interface is deleted, and made again by the plugin: another index.
    OtherIndex,
    /// The interface is deleted, and made again with the index that it had.
    SameIndex,
    /// What the peers send to the pod vanishes without a word.
    Blackhole,
    /// Somebody else takes the pod's address and announces it.
    Duplicate,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 6] = [
        Fault::AdminDown,
        Fault::CarrierLoss,
        Fault::OtherIndex,
        Fault::SameIndex,
        Fault::Blackhole,
        Fault::Duplicate,
    ];

    /// As the table has it.
    pub const fn name(self) -> &'static str {
        match self {
            Fault::AdminDown => "set down",
            Fault::CarrierLoss => "cable pulled",
            Fault::OtherIndex => "deleted, back with another index",
            Fault::SameIndex => "deleted, back with the same index",
            Fault::Blackhole => "peers' packets vanish",
            Fault::Duplicate => "address taken by another",
        }
    }

    /// Whether the plane's interface itself goes and comes back.
    pub const fn is_rebirth(self) -> bool {
        matches!(self, Fault::OtherIndex | Fault::SameIndex)
    }

    /// Makes it happen.
    pub fn begin(self, lab: &Lab, pod: &Pod, peers: &Peers, network: Network) -> Happening {
        let interface = network.interface();
        let index = pod.index(network);
        let mut twin = None;
        match self {
            Fault::AdminDown => {
                pod.namespace.ip(&format!("link set {interface} down"));
            }
            Fault::CarrierLoss => cable(lab, pod, network, "down"),
            Fault::OtherIndex | Fault::SameIndex => lab.detach(pod, network),
            Fault::Blackhole => {
                for peer in peers.on(lab, network) {
                    peer.ip(&format!("route add blackhole {}/32", pod.address(network)));
                }
            }
            Fault::Duplicate => twin = Some(announced_twin(lab, pod, network)),
        }
        Happening {
            fault: self,
            network,
            index,
            twin,
        }
    }
}

/// A fault that is there.
#[derive(Debug)]
pub struct Happening {
    fault: Fault,
    network: Network,
    index: u32,
    twin: Option<Twin>,
}

impl Happening {
    /// Undoes it.
    pub fn end(self, lab: &Lab, pod: &mut Pod, peers: &Peers) {
        let network = self.network;
        let interface = network.interface();
        match self.fault {
            Fault::AdminDown => {
                pod.namespace.ip(&format!("link set {interface} up"));
                lab.repair_default(pod, network);
            }
            Fault::CarrierLoss => cable(lab, pod, network, "up"),
            Fault::OtherIndex => {
                lab.attach_again(pod, network);
                assert_ne!(
                    pod.index(network),
                    self.index,
                    "the kernel has given another index"
                );
            }
            Fault::SameIndex => lab.attach_by_hand(pod, network, self.index),
            Fault::Blackhole => {
                for peer in peers.on(lab, network) {
                    peer.ip(&format!(
                        "route delete blackhole {}/32",
                        pod.address(network)
                    ));
                }
            }
            Fault::Duplicate => drop(self.twin),
        }
    }
}

fn cable(lab: &Lab, pod: &Pod, network: Network, state: &str) {
    if network == Network::Default {
        lab.node
            .ip(&format!("link set {} {state}", pod.node_side()));
    } else {
        let port = Lab::node_port(network);
        lab.fabric.ip(&format!("link set {port} {state}"));
    }
}

/// Somebody who has the pod's address too, and goes on telling everybody on the network so.
#[derive(Debug)]
struct Twin {
    announcing: Child,
    // After what runs in it.
    _place: Namespace,
}

impl Drop for Twin {
    fn drop(&mut self) {
        _ = self.announcing.kill();
        _ = self.announcing.wait();
    }
}

fn announced_twin(lab: &Lab, pod: &Pod, network: Network) -> Twin {
    let place = lab.peer(network, "twin", pod.address(network));
    // The kernel announces an interface's addresses (an unasked ARP) whenever its hardware address is set,
    // also to what it was.
    place.set("net.ipv4.conf.eth0.arp_notify", "1");
    let announce = "mac=$(cat /sys/class/net/eth0/address); \
        while ip link set eth0 address $mac; do sleep 0.1; done";
    let mut announcing = place.command("sh");
    let announcing = announcing.args(["-c", announce]).spawn();
    Twin {
        announcing: announcing.expect("sh can be started"),
        _place: place,
    }
}
