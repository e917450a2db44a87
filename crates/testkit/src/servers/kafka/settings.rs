//! What a broker is told, as `server.properties` has it.

use crate::servers::certificates::Certificate;
use crate::servers::place::free_ports;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

/// What all brokers have: small, quick to start, and nothing that appears without being asked for.
const COMMON: [(&str, &str); 14] = [
    ("auto.create.topics.enable", "false"),
    ("controller.listener.names", "CONTROLLER"),
    ("inter.broker.listener.name", "INTERNAL"),
    ("group.initial.rebalance.delay.ms", "0"),
    ("offsets.topic.num.partitions", "4"),
    ("transaction.state.log.num.partitions", "4"),
    ("transaction.state.log.min.isr", "1"),
    ("share.coordinator.state.topic.num.partitions", "1"),
    ("share.coordinator.state.topic.min.isr", "1"),
    ("num.network.threads", "2"),
    ("num.io.threads", "4"),
    ("log.cleaner.dedupe.buffer.size", "4194304"),
    // A killed broker is not let in again before its session is over; 9 s is what production has.
    ("broker.session.timeout.ms", "4000"),
    ("broker.heartbeat.interval.ms", "500"),
];

/// The ports of one broker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    /// For clients, by TLS where a certificate was given.
    pub(crate) client: u16,
    /// For the other broker and for the questions of this crate.
    pub(crate) internal: u16,
    /// Where the first broker, which is the controller, hears the others.
    pub(crate) controller: u16,
}

impl Ports {
    pub(crate) fn free() -> Ports {
        let [client, internal, controller] = free_ports();
        Ports {
            client,
            internal,
            controller,
        }
    }
}

/// What one broker is told.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) broker: u32,
    pub(crate) brokers: u32,
    pub(crate) ports: Ports,
    /// Where broker 1 hears the others.
    pub(crate) controller: u16,
    /// What clients are told to connect to.
    pub(crate) advertised: SocketAddr,
    /// The name that clients are told in place of the address.
    pub(crate) name: Option<&'static str>,
    pub(crate) certificate: Option<Certificate>,
    pub(crate) further: Vec<(&'static str, &'static str)>,
}

impl Settings {
    /// Nothing but what a broker of its own needs.
    pub(crate) fn of(broker: u32, brokers: u32, ports: Ports) -> Settings {
        Settings {
            broker,
            brokers,
            ports,
            controller: ports.controller,
            advertised: loopback(ports.client),
            name: None,
            certificate: None,
            further: Vec::new(),
        }
    }

    /// What clients are told: `HOST:PORT`.
    pub(crate) fn told(&self) -> String {
        match self.name {
            Some(name) => format!("{name}:{}", self.advertised.port()),
            None => self.advertised.to_string(),
        }
    }

    /// Enough to prepare a log, which knows no address.
    pub(crate) fn smallest(broker: u32) -> Settings {
        let ports = Ports {
            client: 1,
            internal: 2,
            controller: 3,
        };
        Settings::of(broker, broker, ports)
    }

    /// Where clients are heard: on the loopback, unless they are told to come to another address.
    fn outside(&self) -> SocketAddr {
        let port = self.ports.client;
        if self.advertised.ip().is_loopback() {
            loopback(port)
        } else {
            SocketAddr::from(([0, 0, 0, 0], port))
        }
    }

    /// As `server.properties` has them; a later line of the same name wins.
    pub(crate) fn text(&self, log: &Path) -> String {
        let mut text = String::new();
        let mut set = |name: &str, value: &dyn std::fmt::Display| {
            writeln!(text, "{name}={value}").expect("memory takes any text");
        };
        for (name, value) in COMMON {
            set(name, &value);
        }
        let controls = self.broker == 1;
        let roles = if controls {
            "broker,controller"
        } else {
            "broker"
        };
        let client = match self.certificate {
            Some(_) => "SSL",
            None => "PLAINTEXT",
        };
        let [inside, hears] = [self.ports.internal, self.controller].map(loopback);
        let outside = self.outside();
        let listeners = format!("INTERNAL://{inside},CLIENT://{outside}");
        let hearing = if controls {
            format!(",CONTROLLER://{hears}")
        } else {
            String::new()
        };
        set("node.id", &self.broker);
        set("process.roles", &roles);
        set("controller.quorum.voters", &format_args!("1@{hears}"));
        set("listeners", &format_args!("{listeners}{hearing}"));
        let advertised = self.told();
        set(
            "advertised.listeners",
            &format_args!("INTERNAL://{inside},CLIENT://{advertised}"),
        );
        set(
            "listener.security.protocol.map",
            &format_args!("INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT,CLIENT:{client}"),
        );
        set("log.dirs", &log.display());
        for name in [
            "default.replication.factor",
            "offsets.topic.replication.factor",
            "transaction.state.log.replication.factor",
            "share.coordinator.state.topic.replication.factor",
        ] {
            set(name, &self.brokers);
        }
        for (name, value) in &self.further {
            set(name, value);
        }
        text
    }
}

/// A port of 127.0.0.1.
pub(crate) fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}
