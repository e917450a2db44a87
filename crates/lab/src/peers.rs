//! Who is at the other ends: a database and a cache on the storage network, callers, brokers and a name
//! server on the data network, a scraper on the management network, and the node itself on the default one.

use crate::namespace::{Namespace, succeed};
use crate::network::{Lab, Network};
use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use testkit::servers::certificates::Authority;
use testkit::servers::postgres::Tls;
use testkit::servers::{Kafka, Options, Postgres, Redis, Version, kafka, redis};

/// The last number of each peer's address, as the manifests have them.
const DATABASE: u8 = 10;
const CACHE: u8 = 20;
const BROKER: u8 = 50;
const NAMES: u8 = 53;
const CALLER: u8 = 60;
const SCRAPER: u8 = 90;

/// The database as the service knows it.
const DATABASE_NAME: &str = "order-db.lab.test";

/// Every peer, each in a namespace of its own.
#[derive(Debug)]
pub struct Peers {
    /// Trusted by the service.
    pub authority: Authority,
    database: Postgres,
    cache: Redis,
    broker: Kafka,
    _names: [NameServer; 2],
    /// Sends orders.
    pub caller: Namespace,
    /// Reads metrics.
    pub scraper: Namespace,
    // After what runs in them.
    place: Namespace,
    shelf: Namespace,
    post: Namespace,
    book: Namespace,
}

impl Peers {
    /// Starts them on the lab's networks.
    pub fn start(lab: &Lab) -> Peers {
        let authority = Authority::new();
        let address = |network: Network, number| network.address(number);
        let place = lab.peer(
            Network::Storage,
            "database",
            &address(Network::Storage, DATABASE),
        );
        let certificate = authority.named(&format!("DNS:{DATABASE_NAME}"));
        let options = Options {
            settings: vec![("listen_addresses", "*")],
            tls: Some(Tls {
                certificate,
                clients: false,
            }),
            ..Options::default()
        };
        let database = place.inside(|| Postgres::start(Version::Reference, options));
        let shelf = lab.peer(Network::Storage, "cache", &address(Network::Storage, CACHE));
        let cache = shelf.inside(|| {
            Redis::start(redis::Options {
                settings: vec![("bind", "0.0.0.0"), ("protected-mode", "no")],
                ..redis::Options::default()
            })
        });
        let post = lab.peer(Network::Data, "broker", &address(Network::Data, BROKER));
        let broker = post.inside(|| {
            let told = |here: SocketAddr| SocketAddr::new(broker_address(), here.port());
            Kafka::start_behind(kafka::Options::default(), told)
        });
        let book = lab.peer(Network::Data, "names", &address(Network::Data, NAMES));
        Peers {
            authority,
            broker,
            database,
            cache,
            _names: [NameServer::start(&lab.node), NameServer::start(&book)],
            caller: lab.peer(Network::Data, "caller", &address(Network::Data, CALLER)),
            scraper: lab.peer(
                Network::Management,
                "scraper",
                &address(Network::Management, SCRAPER),
            ),
            place,
            shelf,
            post,
            book,
        }
    }

    /// Whoever is on that network.
    pub(crate) fn on<'a>(&'a self, lab: &'a Lab, network: Network) -> Vec<&'a Namespace> {
        match network {
            Network::Default => vec![&lab.node],
            Network::Management => vec![&self.scraper],
            Network::Data => vec![&self.caller, &self.post, &self.book],
            Network::Storage => vec![&self.place, &self.shelf],
        }
    }

    /// The addresses that the service connects to by its planes.
    pub(crate) fn asked() -> [String; 4] {
        [
            Network::Storage.address(DATABASE),
            Network::Storage.address(CACHE),
            Network::Data.address(BROKER),
            Network::Data.address(NAMES),
        ]
    }

    /// Where the database is reached.
    pub(crate) fn database(&self) -> (String, u16) {
        (Network::Storage.address(DATABASE), self.database.port())
    }

    /// Those of these orders that are not in the database, asked by somebody else than the service.
    pub(crate) fn lacking(&self, ids: &[String]) -> Vec<String> {
        let mut psql = Command::new("psql");
        psql.args(["--no-psqlrc", "--tuples-only", "--no-align", "--command"])
            .arg("SELECT order_id FROM orders")
            .arg(self.database.socket_url("postgres"));
        let known = succeed(&mut psql);
        let known: HashSet<&str> = known.lines().collect();
        let lacking = ids.iter().filter(|id| !known.contains(id.as_str()));
        lacking.cloned().collect()
    }

    /// The name server of a network: of the default one, or of the data network.
    pub(crate) fn name_server(network: Network) -> String {
        match network {
            Network::Default => network.address(1),
            _ => Network::Data.address(NAMES),
        }
    }

    /// What the service must know of them.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let cache = Network::Storage.address(CACHE);
        vec![
            (
                "DATABASE_URL",
                format!(
                    "postgres://postgres@{DATABASE_NAME}:{}/postgres?sslmode=verify-full",
                    self.database.port()
                ),
            ),
            (
                "REDIS_URL",
                format!("redis://{cache}:{}", self.cache.address().port()),
            ),
            ("KAFKA_BROKERS", self.broker.bootstrap()),
            ("KAFKA_CREATE_TOPICS", "true".to_owned()),
        ]
    }
}

/// Knows the database's name, and no other.
#[derive(Debug)]
struct NameServer(Child);

impl NameServer {
    fn start(place: &Namespace) -> NameServer {
        let record = format!(
            "--host-record={DATABASE_NAME},{}",
            Network::Storage.address(DATABASE)
        );
        let mut dnsmasq = place.command("dnsmasq");
        dnsmasq
            .args([
                "--keep-in-foreground",
                "--no-resolv",
                "--no-hosts",
                "--conf-file=/dev/null",
            ])
            .args([
                "--pid-file=",
                "--user=root",
                "--log-facility=/dev/null",
                &record,
            ])
            .stdin(Stdio::null());
        NameServer(
            dnsmasq
                .spawn()
                .expect("dnsmasq (Debian: dnsmasq-base) can be started"),
        )
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

fn broker_address() -> IpAddr {
    let address = Network::Data.address(BROKER).parse();
    address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}
