//! Tries what must fail: each peer from every plane that is not its own. A peer that answers there, even by
//! refusing, was reached, so packets crossed from one network to another.

use crate::look::Scene;
use crate::pod::Outcome;
use crate::probe::{attempt, targets};
use planes::Plane;
use serde::Serialize;
use std::net::SocketAddr;
use tokio::task::JoinSet;

/// A passage from a plane to a peer of another that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Passage {
    /// From where: `storage plane (net3)`.
    pub from: String,
    /// Whose peer: `data`; empty where the address was given by hand.
    pub plane: String,
    /// Whom: `kafka at 10.20.0.50:9092`.
    pub to: String,
    /// Whether it is closed.
    pub closed: Closed,
    /// What was seen.
    pub evidence: String,
}

/// Whether a passage is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Closed {
    /// Nobody answered, while by its own plane the peer did.
    Yes,
    /// The peer, or somebody with its address, answered.
    No,
    /// The peer does not answer by its own plane either, so its silence says nothing.
    CannotTell,
}

/// Tries every peer of the scene from every other bound plane, all at once. Takes some seconds: what is
/// closed is found so by waiting. Must be called inside a Tokio runtime, in the pod's network namespace.
pub async fn isolate(scene: &Scene) -> Vec<Passage> {
    let mut tries = JoinSet::new();
    for (name, own, address) in targets(scene) {
        // A plane that is not bound is everywhere.
        let apart = |plane: &&Plane| {
            own.interface().is_some()
                && plane.interface().is_some()
                && plane.interface() != own.interface()
        };
        let foreign = scene.planes.iter().filter(apart);
        for from in foreign {
            let (name, own, from) = (name.clone(), own.clone(), from.clone());
            tries.spawn(async move { passage(&from, Some(&own), &name, address).await });
        }
    }
    all(tries).await
}

/// Tries these addresses from this interface: for a pod whose planes are not in the settings, such as the
/// database's.
pub async fn isolate_from(from: &Plane, to: &[SocketAddr]) -> Vec<Passage> {
    let mut tries = JoinSet::new();
    for address in to.iter().copied() {
        let from = from.clone();
        tries.spawn(async move { passage(&from, None, "", address).await });
    }
    all(tries).await
}

async fn all(mut tries: JoinSet<Passage>) -> Vec<Passage> {
    let mut passages = Vec::new();
    while let Some(tried) = tries.join_next().await {
        passages.extend(tried.ok());
    }
    passages.sort_by(|a, b| (&a.from, &a.to).cmp(&(&b.from, &b.to)));
    passages
}

async fn passage(from: &Plane, own: Option<&Plane>, name: &str, address: SocketAddr) -> Passage {
    let outcome = attempt(from, address).await;
    let by_own = match own {
        Some(own) if !reached(&outcome) => Some(attempt(own, address).await),
        _ => None,
    };
    let (closed, evidence) = judge(&outcome, by_own.as_ref());
    Passage {
        from: from.to_string(),
        plane: own.map_or_else(String::new, |own| own.kind().name().to_owned()),
        to: format!("{name} at {address}")
            .trim_start_matches(" at ")
            .to_owned(),
        closed,
        evidence,
    }
}

fn reached(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Taken | Outcome::Refused)
}

/// By what came of it from the foreign plane, and from the peer's own where that was tried.
fn judge(outcome: &Outcome, by_own: Option<&Outcome>) -> (Closed, String) {
    match (outcome, by_own) {
        (Outcome::Taken, _) => (Closed::No, "the connection was taken".to_owned()),
        (Outcome::Refused, _) => (
            Closed::No,
            "the connection was refused, so the host was reached".to_owned(),
        ),
        (Outcome::Failed(reason), _) => (
            Closed::CannotTell,
            format!("it could not be tried: {reason}"),
        ),
        (_, Some(own)) if !reached(own) => (
            Closed::CannotTell,
            "it does not answer by its own plane either".to_owned(),
        ),
        (Outcome::Rejected(by), _) => (
            Closed::Yes,
            format!("{by} on the way refused it, not the peer (ICMP)"),
        ),
        (Outcome::Unreachable, _) => (Closed::Yes, "nobody is there (EHOSTUNREACH)".to_owned()),
        (Outcome::Silence, _) => (Closed::Yes, "no answer (ETIMEDOUT)".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_closed_only_where_the_peer_answers_its_own_plane() {
        let taken = Outcome::Taken;
        let rejected = Outcome::Rejected([10, 244, 0, 1].into());
        for (outcome, own, expected) in [
            (Outcome::Taken, None, Closed::No),
            (Outcome::Refused, None, Closed::No),
            (Outcome::Silence, Some(&taken), Closed::Yes),
            (Outcome::Unreachable, Some(&Outcome::Refused), Closed::Yes),
            // A policy that rejects, seen from behind it.
            (rejected.clone(), Some(&taken), Closed::Yes),
            (rejected.clone(), Some(&rejected), Closed::CannotTell),
            (
                Outcome::Silence,
                Some(&Outcome::Silence),
                Closed::CannotTell,
            ),
            (Outcome::Silence, None, Closed::Yes),
            (
                Outcome::Failed("gone".to_owned()),
                Some(&taken),
                Closed::CannotTell,
            ),
        ] {
            assert_eq!(judge(&outcome, own).0, expected, "{outcome:?} {own:?}");
        }
    }
}
