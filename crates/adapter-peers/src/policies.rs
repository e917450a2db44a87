//! What Kubernetes has of policies and networks in this namespace, and what can be told of their being in
//! force.

use serde::{Serialize, Serializer};
use std::fmt;

/// How many there are in the namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Policies {
    /// `NetworkPolicy`: filters the default network, where the cluster's network plugin does so.
    pub network_policies: Count,
    /// `MultiNetworkPolicy`: filters the other networks, where its controller runs.
    pub multi_network_policies: Count,
    /// `NetworkAttachmentDefinition`: the networks that pods may be attached to.
    pub network_attachment_definitions: Count,
    /// Whether they hold anybody back.
    pub enforced: Enforced,
}

/// How many, or why that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Count {
    /// So many.
    Known(u64),
    /// The service account may not list them (403).
    NotAllowed,
    /// The cluster has no such kind (404).
    NoSuchResource,
    /// Why else.
    Unknown(String),
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Count::Known(count) => count.fmt(f),
            Count::NotAllowed => f.write_str("not allowed"),
            Count::NoSuchResource => f.write_str("no such resource"),
            Count::Unknown(reason) => f.write_str(reason),
        }
    }
}

/// A number, or words.
impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Count::Known(count) => serializer.serialize_u64(*count),
            words => serializer.collect_str(words),
        }
    }
}

/// Whether policies are in force, as far as that can be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Enforced {
    /// The answer.
    pub answer: Answer,
    /// Why.
    pub reason: String,
}

/// An answer that may be none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Answer {
    /// They are not.
    #[serde(rename = "no")]
    No,
    /// Whether they are shows only when what must be refused is tried. There is no "yes": from inside the pod a
    /// policy that is in force and one that nobody reads look the same.
    #[serde(rename = "cannot tell")]
    CannotTell,
}

impl Answer {
    /// As people read it.
    pub const fn name(self) -> &'static str {
        match self {
            Answer::No => "no",
            Answer::CannotTell => "cannot tell",
        }
    }
}

impl Policies {
    pub(crate) fn of(network: Count, multi: Count, attachments: Count) -> Policies {
        let enforced = enforced(&network, &multi);
        Policies {
            network_policies: network,
            multi_network_policies: multi,
            network_attachment_definitions: attachments,
            enforced,
        }
    }
}

fn enforced(network: &Count, multi: &Count) -> Enforced {
    let none = |count: &Count| matches!(count, Count::Known(0) | Count::NoSuchResource);
    let (answer, reason) = match (network, multi) {
        (network, multi) if none(network) && none(multi) => (
            Answer::No,
            "there is no policy in this namespace: nothing keeps other pods from any network".to_owned(),
        ),
        (_, Count::NoSuchResource) => (
            Answer::No,
            "the cluster has no MultiNetworkPolicy: nothing of Kubernetes filters the management, data and storage \
             networks; whether NetworkPolicy filters the default one cannot be told from inside the pod"
                .to_owned(),
        ),
        (_, Count::Known(0)) => (
            Answer::No,
            "there is no MultiNetworkPolicy in this namespace: nothing of Kubernetes filters the management, data and \
             storage networks"
                .to_owned(),
        ),
        (_, Count::Known(_)) => (
            Answer::CannotTell,
            "there are policies, but only an attempt that must be refused shows whether a controller holds them on \
             this node: `order-service netcheck isolate`"
                .to_owned(),
        ),
        (_, Count::NotAllowed | Count::Unknown(_)) => (
            Answer::CannotTell,
            "the policies cannot be listed; k8s/base/rbac.yaml allows it".to_owned(),
        ),
    };
    Enforced { answer, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said_to_be_enforced_that_nobody_tried() {
        use Count::{Known, NoSuchResource, NotAllowed};
        for (network, multi, answer, word) in [
            (Known(0), Known(0), Answer::No, "no policy"),
            (Known(0), NoSuchResource, Answer::No, "no policy"),
            (
                Known(2),
                NoSuchResource,
                Answer::No,
                "has no MultiNetworkPolicy",
            ),
            (
                Known(2),
                Known(0),
                Answer::No,
                "no MultiNetworkPolicy in this",
            ),
            (Known(2), Known(3), Answer::CannotTell, "isolate"),
            (Known(0), Known(3), Answer::CannotTell, "isolate"),
            (NotAllowed, NotAllowed, Answer::CannotTell, "rbac.yaml"),
            (
                Known(1),
                Count::Unknown("slow".to_owned()),
                Answer::CannotTell,
                "rbac",
            ),
        ] {
            let told = enforced(&network, &multi);
            assert_eq!(told.answer, answer, "{network:?} {multi:?}");
            assert!(told.reason.contains(word), "{}", told.reason);
        }
    }

    #[test]
    fn a_count_is_a_number_or_words() {
        let policies = Policies::of(Count::Known(2), Count::NoSuchResource, Count::NotAllowed);
        let json = serde_json::to_value(&policies).unwrap();
        assert_eq!(json["network_policies"], 2);
        assert_eq!(json["multi_network_policies"], "no such resource");
        assert_eq!(json["network_attachment_definitions"], "not allowed");
        assert_eq!(json["enforced"]["answer"], "no");
    }
}
