//! What is known, before anything is made of it.

use netcheck::pod::Pod;
use planes::{PlaneKind, SeenSocket};
use serde::Serialize;

/// Everything that a topology is made of.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The interfaces of all four planes, and what Multus says.
    pub pod: Pod,
    /// What the service is configured to carry.
    pub traffic: Vec<Traffic>,
    /// Every socket of the network namespace, or why they cannot be seen.
    pub sockets: Result<Vec<SeenSocket>, String>,
}

/// Something that goes by a plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// `REST`, `PostgreSQL`, …
    pub what: &'static str,
    /// By which plane.
    pub plane: PlaneKind,
    /// Who connects to whom.
    pub way: Way,
    /// Where: an address and port, several, or a path of what stays in the pod.
    pub at: String,
    /// By which ports its sockets are known: own ones of what comes in, the other end's of what goes out. None:
    /// any of its plane.
    pub ports: Vec<u16>,
    /// How it is encrypted.
    pub protection: Protection,
    /// The setting that would change that; empty: none does.
    pub setting: &'static str,
}

/// Who connects to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// Others connect to the service.
    In,
    /// The service connects to others.
    Out,
    /// Nobody: it does not leave the pod.
    Within,
}

/// How something is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Protection {
    /// Not at all.
    #[serde(rename = "none")]
    None,
    /// The server proves itself.
    #[serde(rename = "tls")]
    Tls,
    /// Both prove themselves.
    #[serde(rename = "mtls")]
    Mutual,
    /// No rule asks for it: it does not leave the pod, or is Kubernetes' own.
    #[serde(rename = "not needed")]
    NotNeeded,
}

impl Protection {
    /// As the table says it.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Protection::None => "not encrypted",
            Protection::Tls => "TLS",
            Protection::Mutual => "mTLS",
            Protection::NotNeeded => "needs no encryption",
        }
    }

    /// Whether nobody on the way can read it.
    pub(crate) const fn is_private(self) -> bool {
        !matches!(self, Protection::None)
    }
}

impl Facts {
    /// What goes by this plane.
    pub(crate) fn traffic_of(&self, kind: PlaneKind) -> impl Iterator<Item = &Traffic> {
        self.traffic.iter().filter(move |one| one.plane == kind)
    }

    /// The interface of the plane, or none where it is not bound.
    pub(crate) fn interface(&self, kind: PlaneKind) -> Option<&str> {
        let planes = &mut self.pod.planes.iter();
        let plane = planes.find(|plane| plane.name == kind.name())?;
        plane.interface.as_deref()
    }

    /// Whether any plane is bound: the pod is multi-homed.
    pub(crate) fn is_multi_homed(&self) -> bool {
        self.pod
            .planes
            .iter()
            .any(|plane| plane.interface.is_some())
    }
}
