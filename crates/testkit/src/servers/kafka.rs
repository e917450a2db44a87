//! A real Kafka: a cluster of one or two brokers on free ports of the loopback, gone with the test.
//! Brokers are stopped, killed, paused and started again where a test says so.
//!
//! Broker 1 is the controller as well (`KRaft`). To kill a broker and keep a cluster that can choose
//! leaders, kill broker 2; to lose the controller, kill broker 1. Topics appear only when they are
//! made; each has as many replicas as there are brokers, and one in-sync replica is enough.

mod broker;
mod install;
mod settings;
mod wire;

pub use wire::Topic;

use super::certificates::Certificate;
use super::cpu::cpu_millis;
use super::place::{Place, apart};
use super::process::LOOK;
use broker::Broker;
use install::{CLUSTER_MOST_BROKERS, Installation};
use settings::{Ports, Settings, loopback};
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// How long topics and leaders may take to be known everywhere, on the slowest machine.
const AGREE_SECONDS: u64 = 60;

/// How a cluster is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// 1 or 2.
    pub brokers: u32,
    /// Clients speak TLS, and `bootstrap()` is for that.
    pub tls: Option<Certificate>,
    /// The name of every broker, which clients are told in place of its address.
    pub name: Option<&'static str>,
    /// Further settings, as in `server.properties`; they win.
    pub settings: Vec<(&'static str, &'static str)>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            brokers: 1,
            tls: None,
            name: None,
            settings: Vec::new(),
        }
    }
}

/// A cluster. Dropping it kills its brokers and deletes their data.
#[derive(Debug)]
pub struct Kafka {
    brokers: Vec<Broker>,
    // After the brokers: a folder is deleted when nobody writes to it any more.
    _place: Place,
}

impl Kafka {
    /// A cluster of its own, without topics; it serves when this returns.
    pub fn start(options: Options) -> Kafka {
        Kafka::start_behind(options, |broker| broker)
    }

    /// As [`Kafka::start`], but clients are sent elsewhere: `door` takes the address of each broker in
    /// turn and gives the one that clients are told, such as that of a [`Proxy`](super::Proxy) made
    /// there. Brokers among themselves and the calls of this type do not pass the door.
    pub fn start_behind(options: Options, mut door: impl FnMut(SocketAddr) -> SocketAddr) -> Kafka {
        let Options {
            brokers: count,
            tls,
            name,
            settings: further,
        } = options;
        assert!(
            (1..=CLUSTER_MOST_BROKERS).contains(&count),
            "1 or 2 brokers, not {count}"
        );
        let installation = Installation::get();
        let place = Place::new(installation.folder());
        let mut controller = None;
        let brokers = (1..=count).map(|number| {
            let ports = Ports::free();
            let settings = Settings {
                controller: *controller.get_or_insert(ports.controller),
                advertised: door(loopback(ports.client)),
                certificate: tls.clone(),
                name,
                further: further.clone(),
                ..Settings::of(number, count, ports)
            };
            Broker::new(installation.clone(), place.path(), settings)
        });
        let cluster = Kafka {
            brokers: brokers.collect(),
            _place: place,
        };
        for broker in &cluster.brokers {
            broker.launch();
        }
        for broker in &cluster.brokers {
            broker.wait();
        }
        cluster
    }

    /// The one broker of all tests of this process that give their topics names of their own.
    pub fn shared() -> &'static Kafka {
        static SHARED: OnceLock<Kafka> = OnceLock::new();
        SHARED.get_or_init(|| Kafka::start(Options::default()))
    }

    /// For `bootstrap.servers`: what clients are told, of all brokers.
    pub fn bootstrap(&self) -> String {
        let addresses = self.brokers.iter().map(Broker::advertised);
        addresses.collect::<Vec<_>>().join(",")
    }

    /// As [`bootstrap`](Self::bootstrap), but in clear, by address, and past every door: for a test's own
    /// look at what is there.
    pub fn inside(&self) -> String {
        let addresses = self
            .brokers
            .iter()
            .map(|broker| broker.internal().to_string());
        addresses.collect::<Vec<_>>().join(",")
    }

    /// Makes topics, and returns when each broker that answers knows the leader of each partition. A
    /// topic that is there already fails the test.
    pub fn create_topics(&self, topics: &[Topic]) {
        let replicas = i16::try_from(self.brokers.len()).expect("1 or 2 brokers");
        let address = self.answering().internal();
        let made = apart(wire::create_topics(address, replicas, topics));
        for (name, code, why) in made.expect("a broker answers") {
            assert!(code == 0, "topic {name} is not made: {why} (code {code})");
        }
        for topic in topics {
            self.until_all_know(&format!("the leaders of {}", topic.name), |known| {
                let state = known.topics.iter().find(|known| known.name == topic.name);
                let led = |state: &wire::TopicState| {
                    let led = state
                        .partitions
                        .iter()
                        .filter(|partition| partition.leader >= 0);
                    led.count() == usize::try_from(topic.partitions).unwrap_or(0)
                };
                state.is_some_and(led)
            });
        }
    }

    /// Deletes a topic, and returns when no broker that answers knows it any more.
    pub fn delete_topic(&self, name: &str) {
        let code = apart(wire::delete_topic(self.answering().internal(), name));
        assert!(
            code == Some(0),
            "topic {name} is not deleted: code {code:?}"
        );
        self.until_all_know(&format!("that {name} is gone"), |known| {
            known.topics.iter().all(|topic| topic.name != name)
        });
    }

    /// The broker that leads a partition, as the others see it; none while there is no leader.
    pub fn leader(&self, topic: &str, partition: u32) -> Option<u32> {
        self.partition(topic, partition, |state| vec![state.leader])
            .pop()
    }

    /// The brokers that have all of a partition, as the others see it.
    pub fn in_sync(&self, topic: &str, partition: u32) -> Vec<u32> {
        self.partition(topic, partition, |state| state.in_sync.clone())
    }

    /// SIGKILL. What the broker had acknowledged is in the kernel's memory, and so is still there.
    pub fn kill9(&self, broker: u32) {
        self.broker(broker).process().kill9();
    }

    /// SIGTERM: the broker hands its partitions over and stops.
    pub fn stop(&self, broker: u32) {
        self.broker(broker).stop();
    }

    /// Starts what was stopped or killed, with its data and its ports; returns when it serves.
    pub fn start_again(&self, broker: u32) {
        self.broker(broker).launch();
        self.broker(broker).wait();
    }

    /// SIGSTOP: connections stay open, and nothing answers.
    pub fn pause(&self, broker: u32) {
        self.broker(broker).process().pause();
    }

    /// SIGCONT.
    pub fn resume(&self, broker: u32) {
        self.broker(broker).process().resume();
    }

    /// What a broker has logged, over all its starts.
    pub fn log(&self, broker: u32) -> String {
        self.broker(broker).log()
    }

    /// CPU time of the brokers that run.
    pub fn cpu_millis(&self) -> u64 {
        let pids = self
            .brokers
            .iter()
            .filter_map(|broker| broker.process().pid());
        pids.map(cpu_millis).sum()
    }

    fn partition(
        &self,
        topic: &str,
        partition: u32,
        take: impl Fn(&wire::PartitionState) -> Vec<i32>,
    ) -> Vec<u32> {
        let known = apart(wire::metadata(self.answering().internal())).expect("a broker answers");
        let topics = known.topics.iter().filter(|known| known.name == topic);
        topics
            .flat_map(|topic| &topic.partitions)
            .filter(|state| u32::try_from(state.number) == Ok(partition))
            .flat_map(take)
            .filter_map(|broker| u32::try_from(broker).ok())
            .collect()
    }

    fn until_all_know(&self, what: &str, known: impl Fn(&wire::Metadata) -> bool) {
        let started = Instant::now();
        for broker in self
            .brokers
            .iter()
            .filter(|broker| broker.process().answers())
        {
            while !apart(wire::metadata(broker.internal())).is_some_and(|state| known(&state)) {
                let number = broker.number();
                assert!(
                    started.elapsed() < Duration::from_secs(AGREE_SECONDS),
                    "broker {number} does not know {what}: {}",
                    broker.log()
                );
                std::thread::sleep(LOOK);
            }
        }
    }

    fn answering(&self) -> &Broker {
        let mut brokers = self.brokers.iter();
        brokers
            .find(|broker| broker.process().answers())
            .expect("a broker runs and is not paused")
    }

    fn broker(&self, number: u32) -> &Broker {
        let mut brokers = self.brokers.iter();
        brokers
            .find(|broker| broker.number() == number)
            .unwrap_or_else(|| panic!("there is no broker {number}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_cluster_is_gone_with_the_test() {
        let kafka = Kafka::start(Options::default());
        let pid = kafka.brokers[0].process().pid().unwrap();
        let process = Path::new("/proc").join(pid.to_string());
        // Every process of a server works in the server's own folder.
        let folder = process.join("cwd").read_link().unwrap();
        assert!(folder.is_dir() && process.exists());
        drop(kafka);
        assert!(!folder.exists() && !process.exists());
    }
}
