//! Whether what goes by the networks is encrypted, as it is configured.

use crate::describe::{Answer, Policy};
use crate::facts::{Facts, Protection, Traffic, Way};
use crate::sockets::{Kind, Line, Placed};
use planes::PlaneKind;

/// Where the proxies of Istio (outbound, inbound) and Linkerd (inbound) listen in a pod.
const MESH_PORTS: [u16; 3] = [15001, 15006, 4143];

/// A line for each rule.
pub(crate) fn policies(facts: &Facts, placed: Result<&Placed, &str>) -> Vec<Policy> {
    let line = |network, rule, (held, why)| Policy {
        network,
        rule,
        held,
        why,
    };
    let (management, data, storage) = (PlaneKind::Management, PlaneKind::Data, PlaneKind::Storage);
    vec![
        line(
            management.name(),
            "TLS for metrics and log export",
            all(facts, management, Protection::is_private),
        ),
        line(
            data.name(),
            "mTLS, by the service or a mesh",
            mutual(facts, placed),
        ),
        line(
            storage.name(),
            "TLS to the database",
            all(facts, storage, Protection::is_private),
        ),
        line(storage.name(), "encrypted at rest", at_rest(facts)),
    ]
}

fn all(facts: &Facts, kind: PlaneKind, enough: fn(Protection) -> bool) -> (Answer, String) {
    let words = |one: &Traffic| format!("{}: {}", one.what, one.protection.words());
    let lacking: Vec<String> = facts
        .traffic_of(kind)
        .filter(|one| !enough(one.protection))
        .map(|one| match one.setting {
            "" => words(one),
            setting => format!("{} (set {setting})", words(one)),
        })
        .collect();
    if !lacking.is_empty() {
        return (Answer::No, lacking.join("; "));
    }
    let held: Vec<String> = facts.traffic_of(kind).map(words).collect();
    let why = if held.is_empty() {
        "nothing is configured to go by it".to_owned()
    } else {
        held.join("; ")
    };
    (Answer::Yes, why)
}

fn mutual(facts: &Facts, placed: Result<&Placed, &str>) -> (Answer, String) {
    let enough = |one| matches!(one, Protection::Mutual | Protection::NotNeeded);
    let (held, why) = all(facts, PlaneKind::Data, enough);
    if held != Answer::No {
        return (held, why);
    }
    let Ok(placed) = placed else {
        let why = format!("{why}; whether a mesh's proxy is in the pod cannot be seen");
        return (Answer::CannotTell, why);
    };
    let ports = mesh_ports(placed);
    if ports.is_empty() {
        return (
            Answer::No,
            format!("{why}; no mesh's proxy listens in the pod"),
        );
    }
    let interface = facts
        .interface(PlaneKind::Data)
        .unwrap_or("the data network");
    let why = format!(
        "{why}; a mesh's proxy listens on {ports:?}, but whether it takes what goes by {interface} cannot be seen from \
         here (MSH001)"
    );
    (Answer::CannotTell, why)
}

fn mesh_ports(placed: &Placed) -> Vec<u16> {
    let lines = placed.networks.values().flatten().chain(&placed.elsewhere);
    let listens = |line: &&Line| line.kind == Kind::Listener;
    let ports = lines.filter(listens).map(|line| line.address.port());
    let mut ports: Vec<u16> = ports.filter(|port| MESH_PORTS.contains(port)).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

fn at_rest(facts: &Facts) -> (Answer, String) {
    let kept = facts
        .traffic_of(PlaneKind::Storage)
        .find(|one| one.way == Way::Within);
    let why = match kept {
        Some(kept) => format!(
            "whether the volume of {} is encrypted cannot be seen from here: ask its storage class",
            kept.at
        ),
        None => {
            "what the servers do with their disks cannot be seen from here: ask whoever runs them"
                .to_owned()
        }
    };
    (Answer::CannotTell, why)
}
