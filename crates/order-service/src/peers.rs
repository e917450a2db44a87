//! The other replicas, for whoever watches: found and asked in the background. Readiness never hangs on them.

use crate::config::Config;
use adapter_peers::{InCluster, Limits, Own, Peers, Source, Target};
use order_core::ports::HealthSource;
use std::net::IpAddr;
use std::sync::Arc;
use tls::ClientTls;

/// As Kubernetes tells every container where its API is.
const API: [&str; 2] = ["KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"];
/// The host's name, which in a pod is the pod's.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";

/// The peers, nobody asked yet.
pub(crate) fn open(config: &Config, health: Arc<dyn HealthSource>) -> Peers {
    let listener = config.listeners_tls.management.as_ref();
    let authority = || listener.and_then(|tls| tls.client_ca_file.clone());
    let peers = &config.peers;
    let name = if peers.pod_name.is_empty() {
        let name = std::fs::read_to_string(HOST_NAME).unwrap_or_default();
        name.trim().to_owned()
    } else {
        peers.pod_name.clone()
    };
    let own = Own {
        name,
        node: peers.node_name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let tls = ClientTls {
        ca_file: peers.tls_ca_file.clone().or_else(authority),
        identity: listener.map(|tls| tls.identity.clone()),
    };
    let wanted = adapter_peers::Config {
        source: source(config, |name| std::env::var(name).ok()),
        own,
        management: config.planes.management.clone(),
        resolver: config.resolver.clone(),
        tls,
        limits: Limits::default(),
    };
    Peers::new(wanted, health)
}

/// A list wins over Kubernetes: somebody took the trouble. It may name this replica as well, so that all can be
/// given the same one.
pub(crate) fn source(config: &Config, environment: impl Fn(&str) -> Option<String>) -> Source {
    let peers = &config.peers;
    if !peers.listed.is_empty() {
        let others = peers.listed.iter().filter(|target| !is_own(config, target));
        return Source::Listed(others.cloned().collect());
    }
    let [host, port] = API.map(environment);
    match host.zip(port).filter(|_| peers.kubernetes) {
        None => Source::Nowhere,
        Some((host, port)) => Source::Kubernetes(InCluster {
            host,
            port,
            service_account: InCluster::usual_service_account(),
            label_selector: peers.label_selector.clone(),
            plane: config.planes.default.clone(),
            management_port: config.mgmt_listen_addr.port(),
            management_tls: config.listeners_tls.management.is_some(),
        }),
    }
}

/// Whether it is this replica's management port, by an address of this machine. By a name it is not known.
fn is_own(config: &Config, target: &Target) -> bool {
    let address: Option<IpAddr> = target.host().parse().ok();
    let own = |address: IpAddr| {
        let links = planes::interfaces().unwrap_or_default();
        let mut all = links.iter().flat_map(|link| &link.addresses);
        all.any(|own| own.address == address)
    };
    target.port() == config.mgmt_listen_addr.port() && address.is_some_and(own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::read;

    fn found(settings: &[(&str, &str)], in_cluster: bool) -> Source {
        let config = read(settings, &[]).unwrap();
        source(&config, |name| match name {
            "KUBERNETES_SERVICE_HOST" if in_cluster => Some("10.96.0.1".to_owned()),
            "KUBERNETES_SERVICE_PORT" if in_cluster => Some("443".to_owned()),
            _ => None,
        })
    }

    #[test]
    fn kubernetes_is_asked_where_there_is_one_and_nobody_said_otherwise() {
        let Source::Kubernetes(cluster) = found(&[("DEFAULT_INTERFACE", "eth0")], true) else {
            panic!("it runs in a cluster");
        };
        assert_eq!(
            (cluster.host.as_str(), cluster.port.as_str()),
            ("10.96.0.1", "443")
        );
        assert_eq!(cluster.plane.interface(), Some("eth0"));
        assert_eq!(cluster.management_port, 9091);
        assert!(matches!(found(&[], false), Source::Nowhere));
        assert!(matches!(
            found(&[("PEERS_KUBERNETES", "off")], true),
            Source::Nowhere
        ));
        assert!(matches!(
            found(&[("PEERS", "a:1")], true),
            Source::Listed(_)
        ));
    }

    #[test]
    fn a_list_that_names_this_replica_too_is_taken_without_it() {
        let both = [("PEERS", "127.0.0.1:9091,127.0.0.1:9092,a:9091")];
        let Source::Listed(others) = found(&both, false) else {
            panic!("a list is a list");
        };
        let others: Vec<String> = others.iter().map(ToString::to_string).collect();
        assert_eq!(others, ["127.0.0.1:9092", "a:9091"]);
    }
}
