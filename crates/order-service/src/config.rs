//! The typed configuration: every value parsed, every mistake told at once by the name under which
//! the value was given.

mod database;
mod kafka;
mod otlp;
mod peers;
mod reader;
mod render;
mod shared;
mod tls;

pub(crate) use self::tls::ListenersTls;
pub(crate) use database::Database;
pub(crate) use kafka::Kafka;
pub(crate) use peers::Peers;
pub(crate) use render::render;
pub(crate) use shared::{Shared, describe as describe_redis};

use crate::values::Values;
use planes::{Plane, PlaneKind, Resolver};
use reader::Reader;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// What the binary needs to know, in the types of those who need it.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) http_listen_addr: SocketAddr,
    pub(crate) mgmt_listen_addr: SocketAddr,
    pub(crate) grpc_listen_addr: SocketAddr,
    pub(crate) listeners_tls: ListenersTls,
    pub(crate) callers_file: Option<PathBuf>,
    pub(crate) admin_token_file: Option<PathBuf>,
    pub(crate) database: Database,
    pub(crate) feed_partitions: u16,
    pub(crate) feed_lease: Duration,
    pub(crate) kafka: Option<Kafka>,
    pub(crate) otlp: Option<adapter_otlp::Config>,
    pub(crate) shared: Shared,
    pub(crate) peers: Peers,
    pub(crate) resolver: Resolver,
    pub(crate) network_status_file: PathBuf,
    pub(crate) node_ip: Option<IpAddr>,
    pub(crate) planes: Planes,
    pub(crate) plane_wait: Duration,
    pub(crate) log_level: String,
    pub(crate) log_format: LogFormat,
    pub(crate) drain_timeout: Duration,
    pub(crate) http_max_connections: usize,
    pub(crate) http_request_timeout: Duration,
    pub(crate) grpc_max_connections: usize,
    pub(crate) grpc_request_timeout: Duration,
    /// Of REST, and as many of gRPC.
    pub(crate) edge_threads: usize,
    pub(crate) store_max_queued_changes: usize,
}

/// More partitions than a feed is worth: each is a counter, a lease and a part of every token.
const MAX_FEED_PARTITIONS: u32 = 64;

/// Below this a slow answer of the database would lose a lease that nobody else should have.
const MIN_FEED_LEASE: Duration = Duration::from_secs(1);

/// The four planes.
#[derive(Clone, Debug)]
pub(crate) struct Planes {
    pub(crate) default: Plane,
    pub(crate) management: Plane,
    pub(crate) data: Plane,
    pub(crate) storage: Plane,
}

impl Planes {
    pub(crate) fn all(&self) -> [&Plane; 4] {
        [&self.default, &self.management, &self.data, &self.storage]
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

impl Config {
    /// Parses all values; `terminal` tells whether logs go to one.
    pub(crate) fn parse(values: &Values, terminal: bool) -> Result<Config, Vec<String>> {
        let mut read = Reader {
            values,
            errors: Vec::new(),
        };
        let planes = Planes {
            default: read.plane("default_interface", PlaneKind::Default),
            management: read.plane("mgmt_interface", PlaneKind::Management),
            data: read.plane("data_interface", PlaneKind::Data),
            storage: read.plane("storage_interface", PlaneKind::Storage),
        };
        let resolver = Resolver::new(read.dns_plane("dns_plane", &planes));
        let partitions = read.count_up_to("feed_partitions", MAX_FEED_PARTITIONS);
        let listeners_tls = read.listeners_tls();
        let config = Config {
            http_listen_addr: read.address("http_listen_addr"),
            grpc_listen_addr: read.address("grpc_listen_addr"),
            mgmt_listen_addr: read.address("mgmt_listen_addr"),
            peers: read.peers(listeners_tls.management.is_some()),
            listeners_tls,
            callers_file: read.file("callers_file"),
            admin_token_file: read.file("admin_token_file"),
            database: read.database(planes.storage.clone(), resolver.clone()),
            feed_partitions: u16::try_from(partitions).unwrap_or(1),
            feed_lease: read.duration_from("feed_lease", MIN_FEED_LEASE),
            kafka: read.kafka(planes.data.clone(), resolver.plane(), partitions),
            otlp: read.otlp(&planes.management, &resolver),
            shared: read.shared(planes.storage.clone(), resolver.clone()),
            resolver,
            network_status_file: PathBuf::from(read.text("network_status_file")),
            node_ip: read.ip("node_ip"),
            planes,
            plane_wait: read.duration("plane_wait"),
            log_level: read.log_level("log_level"),
            log_format: read.log_format("log_format", terminal),
            drain_timeout: read.duration("drain_timeout"),
            http_max_connections: read.count("http_max_connections"),
            http_request_timeout: read.duration("http_request_timeout"),
            grpc_max_connections: read.count("grpc_max_connections"),
            grpc_request_timeout: read.duration("grpc_request_timeout"),
            edge_threads: read.edge_threads("edge_threads"),
            store_max_queued_changes: read.count("store_max_queued_changes"),
        };
        Shared::check(&mut read);
        if read.errors.is_empty() {
            Ok(config)
        } else {
            Err(read.errors)
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::values::Layers;
    use std::path::Path;

    pub(crate) fn read(
        environment: &[(&str, &str)],
        flags: &[(&str, &str)],
    ) -> Result<Config, Vec<String>> {
        let find = |list: &[(&str, &str)], key: &str| {
            list.iter()
                .find(|(name, _)| *name == key)
                .map(|(_, value)| (*value).to_owned())
        };
        let values = Values::read(&Layers {
            file: None,
            environment: &|name| find(environment, name),
            flag: &|setting| find(flags, setting.key),
        })?;
        Config::parse(&values, false)
    }

    #[test]
    fn defaults_are_valid_and_flags_win_over_the_environment() {
        let config = read(&[], &[]).unwrap();
        assert_eq!(config.http_listen_addr.port(), 8080);
        let Database::Sqlite(path) = config.database else {
            panic!("{:?}", config.database)
        };
        assert_eq!(path, Path::new("./data/orders.db"));
        let environment = [
            ("HTTP_LISTEN_ADDR", "127.0.0.1:1"),
            ("MGMT_LISTEN_ADDR", "127.0.0.1:2"),
        ];
        let config = read(&environment, &[("http_listen_addr", "127.0.0.1:3")]).unwrap();
        assert_eq!(
            (
                config.http_listen_addr.port(),
                config.mgmt_listen_addr.port()
            ),
            (3, 2)
        );
    }

    #[test]
    fn every_mistake_is_told_at_once_with_its_source() {
        let environment = [
            ("HTTP_LISTEN_ADDR", "here"),
            ("PLANE_WAIT", "soon"),
            ("DATABASE_URL", "postgres://me:secret@d b/orders"),
            ("DATA_INTERFACE", "a/b"),
            ("LOG_FORMAT", "xml"),
            ("FEED_PARTITIONS", "257"),
            ("HTTP_MAX_CONNECTIONS", "0"),
        ];
        let errors = read(&environment, &[]).unwrap_err();
        assert_eq!(errors.len(), environment.len(), "{errors:#?}");
        for (name, _) in environment {
            let key = name.to_ascii_lowercase();
            let source = format!("environment {name}");
            assert!(
                errors
                    .iter()
                    .any(|error| error.contains(&key) && error.contains(&source)),
                "{name}: {errors:#?}"
            );
        }
        assert!(
            !errors.iter().any(|error| error.contains("secret")),
            "{errors:#?}"
        );
    }
}
