//! SOC001 to SOC003: sockets that are where they must not be.

use super::Told;
use crate::pod::{Pod, Whose};

pub(super) fn check(pod: &Pod, told: &mut Told) {
    for stray in &pod.strays {
        let (id, subject) = match stray.whose {
            Whose::Own => ("SOC001", "socket of this service"),
            Whose::Foreign => ("SOC002", "socket of another container"),
            Whose::Orphan => ("SOC003", "socket"),
        };
        told.found(id, subject, stray.what.clone());
    }
}
