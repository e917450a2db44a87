//! Whom the service is configured to connect to, beside what belongs to Kubernetes and to itself: said once, for
//! `netcheck`, `topology` and the dashboard.

use crate::config::{Config, Database};
use adapter_postgres::Address;
use planes::{Peer, Plane};
use tls::ClientTls;
use topology::Protection;

/// One of them; several addresses where it is a cluster.
#[derive(Clone, Debug)]
pub(crate) struct Partner {
    /// As checks call it: `database`.
    pub(crate) name: &'static str,
    /// As people are told: `PostgreSQL`.
    pub(crate) title: &'static str,
    pub(crate) plane: Plane,
    pub(crate) peers: Vec<Peer>,
    /// Whether its connections may go to other ports as well: brokers tell each other's addresses.
    pub(crate) any_port: bool,
    pub(crate) protection: Protection,
    /// The setting that encrypts the way there.
    pub(crate) setting: &'static str,
}

/// All of them, those that keep the orders first.
pub(crate) fn of(config: &Config) -> Vec<Partner> {
    [database(config), redis(config), kafka(config), otlp(config)]
        .into_iter()
        .flatten()
        .collect()
}

fn database(config: &Config) -> Option<Partner> {
    let Database::Postgres(postgres) = &config.database else {
        return None;
    };
    let Address::Tcp(peer) = &postgres.address else {
        return None;
    };
    Some(Partner {
        name: "database",
        title: "PostgreSQL",
        plane: config.planes.storage.clone(),
        peers: vec![peer.clone()],
        any_port: false,
        protection: protection(postgres.tls.as_ref()),
        setting: "DATABASE_TLS_MODE",
    })
}

fn redis(config: &Config) -> Option<Partner> {
    let redis = config.shared.redis.as_ref()?;
    Some(Partner {
        name: "redis",
        title: "Redis",
        plane: redis.plane.clone(),
        peers: vec![redis.peer.clone()],
        any_port: false,
        protection: protection(redis.tls.as_ref()),
        setting: "REDIS_TLS_MODE",
    })
}

fn kafka(config: &Config) -> Option<Partner> {
    let kafka = &config.kafka.as_ref()?.client;
    let brokers = kafka.brokers.split(',');
    Some(Partner {
        name: "kafka",
        title: "Kafka",
        plane: kafka.plane.clone(),
        peers: brokers
            .filter_map(|broker| broker.trim().parse().ok())
            .collect(),
        any_port: true,
        protection: match &kafka.tls {
            None => Protection::None,
            Some(tls) if tls.identity.is_some() => Protection::Mutual,
            Some(_) => Protection::Tls,
        },
        setting: "KAFKA_TLS_MODE",
    })
}

fn otlp(config: &Config) -> Option<Partner> {
    let otlp = config.otlp.as_ref()?;
    let (host, port) = (otlp.endpoint.host()?, otlp.endpoint.port_u16()?);
    Some(Partner {
        name: "collector",
        title: "traces and logs",
        plane: otlp.plane.clone(),
        peers: Peer::new(host, port).into_iter().collect(),
        any_port: false,
        protection: protection(otlp.tls.as_ref()),
        setting: "OTLP_TLS_MODE",
    })
}

fn protection(tls: Option<&ClientTls>) -> Protection {
    match tls {
        None => Protection::None,
        Some(tls) if tls.identity.is_some() => Protection::Mutual,
        Some(_) => Protection::Tls,
    }
}
