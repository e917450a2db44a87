//! Who is at the other ends: a database and a cache on the storage network, callers on the data network,
//! a scraper on the management network.

use crate::namespace::Namespace;
use crate::network::{Lab, Network};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use testkit::servers::certificates::Authority;
use testkit::servers::postgres::Tls;
use testkit::servers::{Kafka, Options, Postgres, Redis, Version, kafka, redis};

/// The last number of each peer's address, as the manifests have them.
const DATABASE: u8 = 10;
const CACHE: u8 = 20;
const BROKER: u8 = 50;
const CALLER: u8 = 60;
const SCRAPER: u8 = 90;

/// Every peer, each in a namespace of its own.
#[derive(Debug)]
pub struct Peers {
    /// Trusted by the service.
    pub authority: Authority,
    database: Postgres,
    cache: Redis,
    broker: Kafka,
    /// Sends orders.
    pub caller: Namespace,
    /// Reads metrics.
    pub scraper: Namespace,
    // After what runs in them.
    _database: Namespace,
    _cache: Namespace,
    _broker: Namespace,
}

impl Peers {
    /// Starts them on the lab's networks.
    pub fn start(lab: &Lab) -> Peers {
        let authority = Authority::new();
        let place = lab.peer(Network::Storage, "database", DATABASE);
        let certificate = authority.named(&format!("IP:{}", address(Network::Storage, DATABASE)));
        let options = Options {
            settings: vec![("listen_addresses", "*")],
            tls: Some(Tls {
                certificate,
                clients: false,
            }),
            ..Options::default()
        };
        let database = place.inside(|| Postgres::start(Version::Reference, options));
        let shelf = lab.peer(Network::Storage, "cache", CACHE);
        let cache = shelf.inside(|| {
            Redis::start(redis::Options {
                settings: vec![("bind", "0.0.0.0"), ("protected-mode", "no")],
                ..redis::Options::default()
            })
        });
        let post = lab.peer(Network::Data, "broker", BROKER);
        let broker = post.inside(|| {
            let told = |here: SocketAddr| SocketAddr::new(broker_address(), here.port());
            Kafka::start_behind(kafka::Options::default(), told)
        });
        Peers {
            authority,
            broker,
            database,
            cache,
            caller: lab.peer(Network::Data, "caller", CALLER),
            scraper: lab.peer(Network::Management, "scraper", SCRAPER),
            _database: place,
            _cache: shelf,
            _broker: post,
        }
    }

    /// What the service must know of them.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let database = address(Network::Storage, DATABASE);
        let cache = address(Network::Storage, CACHE);
        vec![
            (
                "DATABASE_URL",
                format!(
                    "postgres://postgres@{database}:{}/postgres?sslmode=verify-full",
                    self.database.port()
                ),
            ),
            (
                "DATABASE_TLS_CA_FILE",
                self.authority.certificate().display().to_string(),
            ),
            (
                "REDIS_URL",
                format!("redis://{cache}:{}", self.cache.address().port()),
            ),
            ("KAFKA_BROKERS", self.broker.bootstrap()),
        ]
    }
}

fn broker_address() -> IpAddr {
    let address = address(Network::Data, BROKER);
    address.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

fn address(network: Network, last_number: u8) -> String {
    format!("{}.{last_number}", network.prefix())
}
