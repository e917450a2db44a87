//! Makes a topology of facts.

use crate::facts::Facts;
use crate::hexagon::{PARTS, Part};
use crate::networks::{Network, networks};
use crate::sockets::{Line, place};
use crate::{encryption, isolation};
use netcheck::pod::NetworkStatus;
use serde::Serialize;

/// The networks, and what holds of them. The names of its JSON are stable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Topology {
    /// `default`, `management`, `data`, `storage`.
    pub networks: Vec<Network>,
    /// Sockets that are on none of them, where any is bound: not bound to an interface, or to another one.
    pub elsewhere: Vec<Line>,
    /// Which part of the service speaks by which network.
    pub hexagon: &'static [Part],
    /// Whether each network is kept to what it is for.
    pub isolation: Vec<Policy>,
    /// Whether what goes by them is encrypted.
    pub encryption: Vec<Policy>,
    /// What could not be found out, and why.
    pub unknown: Vec<String>,
}

/// A rule, and whether it is held here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Policy {
    /// Of which network.
    pub network: &'static str,
    /// What it asks for.
    pub rule: &'static str,
    /// Whether that is so in this pod.
    pub held: Answer,
    /// How that is known, or why it is not.
    pub why: String,
}

/// An answer that is honest about not being one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Answer {
    /// It is.
    #[serde(rename = "yes")]
    Yes,
    /// It is not.
    #[serde(rename = "no")]
    No,
    /// From inside this pod it cannot be seen.
    #[serde(rename = "cannot tell")]
    CannotTell,
}

impl Answer {
    /// As JSON and the table say it.
    pub const fn words(self) -> &'static str {
        match self {
            Answer::Yes => "yes",
            Answer::No => "no",
            Answer::CannotTell => "cannot tell",
        }
    }
}

/// The topology of these facts.
pub fn describe(facts: &Facts) -> Topology {
    let placed = facts.sockets.as_ref().map(|sockets| place(facts, sockets));
    let seen = placed.as_ref().map_err(|reason| reason.as_str());
    let (isolation, encryption) = (
        isolation::policies(facts, seen),
        encryption::policies(facts, seen),
    );
    let mut unknown = Vec::new();
    if let NetworkStatus::Unusable(reason) = &facts.pod.status {
        unknown.push(format!("what Multus attached: {reason}"));
    }
    if let Err(reason) = &facts.sockets {
        unknown.push(format!("the pod's sockets: {reason}"));
    }
    let mut placed = placed.unwrap_or_default();
    let networks = networks(facts, &mut placed);
    // On a machine that is not multi-homed those are of everything else that runs there.
    let elsewhere = if facts.is_multi_homed() {
        placed.elsewhere
    } else {
        Vec::new()
    };
    Topology {
        networks,
        elsewhere,
        hexagon: PARTS,
        isolation,
        encryption,
        unknown,
    }
}
