//! The networks: interfaces, names, what is known of them.

use crate::setting::{Setting, setting};

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "data_interface",
        "",
        "NAME",
        "Interface of the data plane: REST, gRPC, Kafka; unset: not bound",
    ),
    setting(
        "storage_interface",
        "",
        "NAME",
        "Interface of the storage plane: databases; unset: not bound",
    ),
    setting(
        "mgmt_interface",
        "",
        "NAME",
        "Interface of the management plane: metrics; unset: not bound",
    ),
    setting(
        "default_interface",
        "",
        "NAME",
        "Interface of the default plane: probes, where the data plane is bound",
    ),
    setting(
        "dns_plane",
        "default",
        "PLANE",
        "By which plane name servers are asked: default, management, data or storage",
    ),
    setting(
        "network_status_file",
        "/etc/podinfo/network-status",
        "FILE",
        "What Multus attached, as a downward-API volume; looked at by netcheck where a plane is bound",
    ),
    setting(
        "node_ip",
        "",
        "IP",
        "The address of the node of this pod (downward API: status.hostIP), for netcheck; unset: not known",
    ),
    setting(
        "plane_wait",
        "30s",
        "TIME",
        "How long to wait at start for an interface that is named but absent",
    ),
];
