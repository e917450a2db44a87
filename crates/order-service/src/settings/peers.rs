//! The other replicas: where they are looked for, and who this one is.

use crate::setting::{Setting, file, setting};

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "peers",
        "",
        "HOST:PORT,…",
        "The other replicas' management ports, outside a cluster, with or without http:// or https://; unset: Kubernetes is asked, where there is one",
    ),
    setting(
        "peers_kubernetes",
        "auto",
        "auto|off",
        "Whether Kubernetes is asked for the other replicas where this runs in a pod",
    ),
    setting(
        "peers_label_selector",
        "app=order-service",
        "SELECTOR",
        "Which pods of this namespace are replicas",
    ),
    file(
        "peers_tls_ca_file",
        "Whom the certificates of the other replicas' management ports must come from, PEM; unset: mgmt_tls_ca_file, else whom this machine trusts",
    ),
    setting(
        "pod_name",
        "",
        "NAME",
        "This replica's name, from the downward API; unset: the host's name",
    ),
    setting(
        "node_name",
        "",
        "NAME",
        "The node that this replica runs on, from the downward API; unset: not told",
    ),
];
