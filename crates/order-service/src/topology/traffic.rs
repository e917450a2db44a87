//! What the service is configured to carry, and by which plane.

use crate::config::{Config, Database};
use crate::partners::{self, Partner};
use crate::peers;
use adapter_peers::Source;
use adapter_postgres::Address;
use planes::{Peer, Plane, PlaneKind};
use std::net::{IpAddr, SocketAddr};
use tls::ServerTls;
use topology::{Protection, Traffic, Way};

/// Where name servers are asked.
const DNS_PORT: u16 = 53;

/// All of it; `name_servers` are those of `/etc/resolv.conf`.
pub(crate) fn of(config: &Config, name_servers: &[IpAddr]) -> Vec<Traffic> {
    let mut all = listeners(config);
    all.extend(kubernetes(config, name_servers));
    all.extend(within(config));
    all.extend(partners::of(config).iter().map(partner));
    all
}

fn listeners(config: &Config) -> Vec<Traffic> {
    let tls = &config.listeners_tls;
    let listener = |what, plane, at: SocketAddr, tls: Option<&ServerTls>, setting| Traffic {
        what,
        plane,
        way: Way::In,
        at: at.to_string(),
        ports: vec![at.port()],
        protection: served(tls),
        setting,
    };
    let (data, management) = (PlaneKind::Data, PlaneKind::Management);
    let (http, grpc, mgmt) = (
        tls.http.as_ref(),
        tls.grpc.as_ref(),
        tls.management.as_ref(),
    );
    let mut listeners = vec![
        listener("REST", data, config.http_listen_addr, http, "HTTP_TLS_MODE"),
        listener("gRPC", data, config.grpc_listen_addr, grpc, "GRPC_TLS_MODE"),
        listener(
            "metrics",
            management,
            config.mgmt_listen_addr,
            mgmt,
            "MGMT_TLS_MODE",
        ),
    ];
    // Where the data plane is bound, probes have a listener of their own.
    if config.planes.data.interface().is_some() && config.planes.default.interface().is_some() {
        let at = config.http_listen_addr;
        listeners.push(Traffic {
            protection: Protection::NotNeeded,
            ..listener("probes", PlaneKind::Default, at, None, "")
        });
    }
    listeners
}

/// What goes to the cluster itself: names, the API, other replicas.
fn kubernetes(config: &Config, name_servers: &[IpAddr]) -> Vec<Traffic> {
    let mut all = Vec::new();
    let servers: Vec<String> = name_servers.iter().map(ToString::to_string).collect();
    if !servers.is_empty() {
        all.push(Traffic {
            ports: vec![DNS_PORT],
            ..outgoing(
                "DNS",
                config.resolver.plane(),
                servers.join(", "),
                Protection::NotNeeded,
                "",
            )
        });
    }
    match peers::source(config, |name| std::env::var(name).ok()) {
        Source::Nowhere => {}
        Source::Listed(targets) => {
            let encrypted = targets.iter().all(adapter_peers::Target::is_encrypted);
            let at: Vec<String> = targets.iter().map(ToString::to_string).collect();
            all.push(Traffic {
                ports: targets.iter().map(adapter_peers::Target::port).collect(),
                ..outgoing(
                    "replicas",
                    &config.planes.management,
                    at.join(", "),
                    asked(config, encrypted),
                    "PEERS",
                )
            });
        }
        Source::Kubernetes(cluster) => {
            let at = format!("{}:{}", cluster.host, cluster.port);
            all.push(Traffic {
                ports: cluster.port.parse().into_iter().collect(),
                ..outgoing("Kubernetes API", &cluster.plane, at, Protection::Tls, "")
            });
            let at = format!("the pods of {}", cluster.label_selector);
            all.push(Traffic {
                ports: vec![cluster.management_port],
                ..outgoing(
                    "replicas",
                    &config.planes.management,
                    at,
                    asked(config, cluster.management_tls),
                    "MGMT_TLS_MODE",
                )
            });
        }
    }
    all
}

/// How other replicas are asked: with the certificate of this one's management port, where it has one.
fn asked(config: &Config, encrypted: bool) -> Protection {
    match (encrypted, &config.listeners_tls.management) {
        (false, _) => Protection::None,
        (true, None) => Protection::Tls,
        (true, Some(tls)) => served(Some(tls)),
    }
}

/// A store that is reached without a network.
fn within(config: &Config) -> Option<Traffic> {
    let (what, at) = match &config.database {
        Database::Sqlite(path) => ("SQLite", path.display().to_string()),
        Database::Postgres(postgres) => match &postgres.address {
            Address::Socket { .. } => ("PostgreSQL", postgres.address.to_string()),
            Address::Tcp(_) => return None,
        },
    };
    Some(Traffic {
        way: Way::Within,
        ..outgoing(what, &config.planes.storage, at, Protection::NotNeeded, "")
    })
}

fn partner(partner: &Partner) -> Traffic {
    let at: Vec<String> = partner.peers.iter().map(ToString::to_string).collect();
    let ports = partner.peers.iter().map(Peer::port);
    Traffic {
        ports: if partner.any_port {
            Vec::new()
        } else {
            ports.collect()
        },
        ..outgoing(
            partner.title,
            &partner.plane,
            at.join(", "),
            partner.protection,
            partner.setting,
        )
    }
}

fn outgoing(
    what: &'static str,
    plane: &Plane,
    at: String,
    protection: Protection,
    setting: &'static str,
) -> Traffic {
    Traffic {
        what,
        plane: plane.kind(),
        way: Way::Out,
        at,
        ports: Vec::new(),
        protection,
        setting,
    }
}

fn served(tls: Option<&ServerTls>) -> Protection {
    match tls {
        None => Protection::None,
        Some(tls) if tls.client_ca_file.is_some() => Protection::Mutual,
        Some(_) => Protection::Tls,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::read;

    fn traffic(environment: &[(&str, &str)]) -> Vec<Traffic> {
        let config = read(environment, &[]).unwrap();
        of(&config, &["10.96.0.10".parse().unwrap()])
    }

    fn find(all: &[Traffic], what: &str) -> Traffic {
        let found = all.iter().find(|one| one.what == what);
        found
            .unwrap_or_else(|| panic!("no {what}: {all:#?}"))
            .clone()
    }

    #[test]
    fn with_nothing_configured_orders_stay_here() {
        let all = traffic(&[("PEERS_KUBERNETES", "off")]);
        let kept = find(&all, "SQLite");
        assert_eq!(
            (kept.way, kept.at.as_str()),
            (Way::Within, "./data/orders.db")
        );
        let names: Vec<&str> = all.iter().map(|one| one.what).collect();
        assert_eq!(names, ["REST", "gRPC", "metrics", "DNS", "SQLite"]);
    }

    #[test]
    fn everything_that_is_configured_goes_by_its_plane() {
        let all = traffic(&[
            ("DATA_INTERFACE", "net2"),
            ("DEFAULT_INTERFACE", "eth0"),
            (
                "DATABASE_URL",
                "postgres://me@10.30.0.10:5433/orders?sslmode=verify-full",
            ),
            ("REDIS_URL", "redis://10.30.0.11"),
            ("KAFKA_BROKERS", "10.20.0.20:9092"),
            ("OTLP_ENDPOINT", "https://10.10.0.4"),
            ("PEERS", "10.10.0.12:9091"),
            ("GRPC_TLS_MODE", "mtls"),
            ("GRPC_TLS_CERT_FILE", "c.pem"),
            ("GRPC_TLS_KEY_FILE", "k.pem"),
            ("GRPC_TLS_CA_FILE", "a.pem"),
        ]);
        for (what, plane, ports, protection) in [
            ("REST", PlaneKind::Data, &[8080][..], Protection::None),
            ("gRPC", PlaneKind::Data, &[9090], Protection::Mutual),
            ("metrics", PlaneKind::Management, &[9091], Protection::None),
            ("probes", PlaneKind::Default, &[8080], Protection::NotNeeded),
            ("DNS", PlaneKind::Default, &[53], Protection::NotNeeded),
            ("PostgreSQL", PlaneKind::Storage, &[5433], Protection::Tls),
            ("Redis", PlaneKind::Storage, &[6379], Protection::None),
            ("Kafka", PlaneKind::Data, &[], Protection::None),
            (
                "traces and logs",
                PlaneKind::Management,
                &[4317],
                Protection::Tls,
            ),
            ("replicas", PlaneKind::Management, &[9091], Protection::None),
        ] {
            let one = find(&all, what);
            assert_eq!((one.plane, one.ports.as_slice()), (plane, ports), "{what}");
            assert_eq!(one.protection, protection, "{what}");
        }
    }
}
