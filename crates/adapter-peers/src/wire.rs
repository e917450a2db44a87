//! Kubernetes' JSON, as far as it is used. Lists may be `null` where they are empty.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// A list of whatever (`meta/v1`, `ListMeta`).
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub(crate) struct List<T> {
    #[serde(default)]
    pub(crate) metadata: ListMeta,
    // What has none at all is no list.
    #[serde(deserialize_with = "nothing_is_empty")]
    pub(crate) items: Vec<T>,
}

/// Of what is only counted.
pub(crate) type Counted = List<IgnoredAny>;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ListMeta {
    /// Not empty: there are more.
    #[serde(rename = "continue")]
    pub(crate) more: String,
    /// How many more; not told of a list that a selector narrows.
    pub(crate) remaining_item_count: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Pod {
    pub(crate) metadata: PodMeta,
    pub(crate) spec: PodSpec,
    pub(crate) status: PodStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PodMeta {
    pub(crate) name: String,
    #[serde(deserialize_with = "nothing_is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) deletion_timestamp: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PodSpec {
    pub(crate) node_name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PodStatus {
    pub(crate) phase: String,
    #[serde(rename = "podIP")]
    pub(crate) pod_ip: String,
    #[serde(deserialize_with = "nothing_is_empty")]
    pub(crate) conditions: Vec<Condition>,
    #[serde(deserialize_with = "nothing_is_empty")]
    pub(crate) container_statuses: Vec<Container>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Condition {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) status: String,
    pub(crate) reason: String,
    pub(crate) message: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Container {
    pub(crate) name: String,
    pub(crate) state: ContainerState,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ContainerState {
    pub(crate) waiting: Option<Waiting>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Waiting {
    pub(crate) reason: String,
}

/// What Kubernetes says where it refuses (`meta/v1`, `Status`).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Refusal {
    pub(crate) message: String,
}

/// A replica's `/health`, as far as it is used.
#[derive(Debug, Deserialize)]
pub(crate) struct Health {
    /// `ready` or `not_ready`.
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) version: String,
    #[serde(default)]
    pub(crate) components: Vec<HealthComponent>,
    #[serde(default)]
    pub(crate) pod: Option<String>,
}

/// What a replica that is ready says of itself.
pub(crate) const READY: &str = "ready";

#[derive(Debug, Deserialize)]
pub(crate) struct HealthComponent {
    pub(crate) name: String,
    pub(crate) ok: bool,
    #[serde(default)]
    pub(crate) required: bool,
    #[serde(default)]
    pub(crate) detail: String,
}

fn nothing_is_empty<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
