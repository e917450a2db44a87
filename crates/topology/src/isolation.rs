//! Whether each network is kept to what it is for, as far as this pod's sockets and settings show it.

use crate::describe::{Answer, Policy};
use crate::facts::{Facts, Protection, Traffic, Way};
use crate::sockets::{Line, Placed};
use planes::PlaneKind;

/// Strangers that are named; further ones are counted.
const NAMED: usize = 3;

/// A line for each network.
pub(crate) fn policies(facts: &Facts, placed: Result<&Placed, &str>) -> Vec<Policy> {
    PlaneKind::ALL
        .into_iter()
        .map(|kind| {
            let (held, why) = judge(facts, placed, kind);
            Policy {
                network: kind.name(),
                rule: rule(kind),
                held,
                why,
            }
        })
        .collect()
}

const fn rule(kind: PlaneKind) -> &'static str {
    match kind {
        PlaneKind::Default => "only Kubernetes-internal traffic",
        PlaneKind::Management => "only monitoring agents",
        PlaneKind::Data => "only service to service",
        PlaneKind::Storage => "only the database adapters",
    }
}

fn judge(facts: &Facts, placed: Result<&Placed, &str>, kind: PlaneKind) -> (Answer, String) {
    let Ok(placed) = placed.map_err(ToOwned::to_owned) else {
        let reason = placed.err().unwrap_or_default();
        return (
            Answer::CannotTell,
            format!("the pod's sockets cannot be seen: {reason}"),
        );
    };
    let leaves = |one: &Traffic| one.way != Way::Within;
    let used = facts.traffic_of(kind).any(leaves);
    let bound = facts.interface(kind).is_some();
    // What belongs to the default network may go by the routing table, where the others are bound.
    if !bound && used && (kind != PlaneKind::Default || !facts.is_multi_homed()) {
        let variable = kind.variable();
        let why = format!(
            "it is not bound: its sockets go wherever the routing table says; set {variable}"
        );
        return (Answer::No, why);
    }
    let strangers = strangers(placed, kind, bound);
    if !strangers.is_empty() {
        return (Answer::No, told(&strangers));
    }
    if !used {
        return (
            Answer::Yes,
            "nothing is configured to use it, and nothing does".to_owned(),
        );
    }
    held_by_sockets(facts, kind)
}

/// Sockets that have no business on the network: on it by their interface or address, or on every network.
fn strangers(placed: &Placed, kind: PlaneKind, bound: bool) -> Vec<&Line> {
    let on = placed.networks.get(kind.name()).into_iter().flatten();
    let on = on.filter(|line| line.carries.is_none());
    let others = placed
        .networks
        .iter()
        .filter(|(name, _)| **name != kind.name())
        .flat_map(|(_, lines)| lines)
        .chain(&placed.elsewhere)
        .filter(|line| line.is_everywhere());
    // Unbound connections go by the default network.
    let unbound = placed.elsewhere.iter().filter(|line| {
        kind == PlaneKind::Default && line.device.is_none() && !line.is_everywhere()
    });
    // Where the network is not bound, what waits everywhere is told by those that are.
    let others = others.filter(|_| bound);
    on.chain(others).chain(unbound).collect()
}

fn told(strangers: &[&Line]) -> String {
    let one = |line: &&Line| {
        if line.is_everywhere() {
            format!(
                "{} is bound to no interface and answers on every network",
                line.words()
            )
        } else {
            line.words()
        }
    };
    let named: Vec<String> = strangers.iter().take(NAMED).map(one).collect();
    let more = strangers.len().saturating_sub(NAMED);
    let more = if more > 0 {
        format!("; and {more} more")
    } else {
        String::new()
    };
    format!("what has no business there: {}{more}", named.join("; "))
}

/// No socket is where it must not be: what is left is who is at the other end.
fn held_by_sockets(facts: &Facts, kind: PlaneKind) -> (Answer, String) {
    match kind {
        PlaneKind::Default => (
            Answer::Yes,
            "no socket but those for probes, names and the Kubernetes API".to_owned(),
        ),
        PlaneKind::Storage => (
            Answer::Yes,
            "nothing listens there, and no connection but to what keeps the orders".to_owned(),
        ),
        PlaneKind::Management | PlaneKind::Data => {
            let comes_in = facts.traffic_of(kind).filter(|one| one.way == Way::In);
            let unproved = comes_in.filter(|one| one.protection != Protection::Mutual);
            let unproved: Vec<_> = unproved
                .map(|one| format!("{} ({}=mtls)", one.what, one.setting))
                .collect();
            if unproved.is_empty() {
                let why = "this pod's sockets keep to it, and every caller proves itself by a certificate";
                return (Answer::Yes, why.to_owned());
            }
            let why = format!(
                "this pod's sockets keep to it, but who calls is not proved: {}; or a MultiNetworkPolicy, which cannot \
                 be seen from here",
                unproved.join(", ")
            );
            (Answer::CannotTell, why)
        }
    }
}
