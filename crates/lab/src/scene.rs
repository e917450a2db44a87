//! The service as it should be: two pods, clients on every network, one fault after the other.

use crate::capture::{Capture, Seen};
use crate::fault::Fault;
use crate::network::{Lab, Network, Pod};
use crate::observer::{Observer, get, place};
use crate::peers::Peers;
use crate::service::{Container, Service, metric};
use crate::sockets::{self, Bound};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a fault lasts: longer than the 3.4 s after which the kernel gives a silent peer up.
const FAULT: Duration = Duration::from_secs(4);
/// Within this a plane serves again after its interface has come back.
pub const REBIRTH: Duration = Duration::from_secs(5);
/// The same after other faults, which end at the peers: a peer's kernel believes in a thief's hardware
/// address for up to 45 s, doubts it for 5 s and asks three times.
const ELSEWHERE: Duration = Duration::from_mins(1);
/// What somebody whose address is taken notices at least: the two take it from each other again and again.
/// Every other fault lasts [`FAULT`].
const NOTICED: Duration = Duration::from_millis(300);
/// The longest silence of a plane that nothing happens to.
const UNDISTURBED: Duration = Duration::from_millis(1_500);
/// Clients that place orders while faults come and go.
const PLACING: usize = 8;
/// Within this every event is in Kafka, once nothing happens any more.
const PUBLISHED: Duration = Duration::from_secs(30);
/// Fewer packets than this prove little.
const LEAST_PACKETS: u64 = 100_000;
/// Real, effective, saved and file-system user, and no capability.
const UNPRIVILEGED: &str = "uid 65534 65534 65534 65534, effective capabilities 0000000000000000";
/// How long the load before and after the faults lasts.
const LOAD: &str = "10s";

/// One fault of one plane, and what was seen.
#[derive(Clone, Debug)]
pub struct Row {
    /// The plane.
    pub network: Network,
    /// What happened to it.
    pub fault: Fault,
    /// How long the plane was silent meanwhile.
    pub silent: Duration,
    /// How long after the fault's end the plane answered.
    pub plane_back: Duration,
    /// How long after it an order was placed.
    pub orders_back: Duration,
    /// The longest silence of each other plane, from the fault's begin to the plane's return.
    pub others: Vec<(&'static str, Duration)>,
}

impl Row {
    /// What did not hold.
    pub fn broken(&self) -> Option<String> {
        let bound = if self.fault.is_rebirth() {
            REBIRTH
        } else {
            ELSEWHERE
        };
        let late = [
            ("the plane", self.plane_back),
            ("placing", self.orders_back),
        ]
        .into_iter()
        .find(|(_, back)| *back > bound);
        let disturbed = self.others.iter().find(|(_, gap)| *gap > UNDISTURBED);
        if self.silent < NOTICED {
            Some(format!(
                "it was silent for {:.1?} alone: that proves nothing",
                self.silent
            ))
        } else if let Some((what, back)) = late {
            Some(format!("{what} came back after {back:.1?}"))
        } else {
            disturbed.map(|(name, gap)| format!("the {name} plane was silent for {gap:.1?}"))
        }
    }
}

/// All that was seen.
#[derive(Debug)]
pub struct Told {
    /// One for each plane and fault.
    pub rows: Vec<Row>,
    /// What went by.
    pub seen: Seen,
    /// Orders that were acknowledged while faults came and went.
    pub acknowledged: usize,
    /// Those of them that cannot be read.
    pub lost: Vec<String>,
    /// The service's user and capabilities.
    pub privileges: String,
    /// Its sockets in peace.
    pub sockets: Vec<Bound>,
    /// What it said of its sockets (`plane_socket_violations_total` above 0), and events that Kafka lacks.
    pub violations: Vec<String>,
}

impl Told {
    /// What did not hold, in words.
    pub fn broken(&self) -> Vec<String> {
        let rows = self.rows.iter().filter_map(|row| {
            let broken = row.broken()?;
            Some(format!(
                "{} plane, {}: {broken}",
                row.network.name(),
                row.fault.name()
            ))
        });
        let strays = self.seen.strays.iter().take(20);
        rows.chain(self.proved_too_little())
            .chain(strays.map(|stray| format!("seen on {}: {}", stray.interface, stray.packet)))
            .chain(
                self.lost
                    .iter()
                    .map(|id| format!("acknowledged and lost: {id}")),
            )
            .chain(self.sockets.iter().filter_map(Bound::fault))
            .chain(self.violations.iter().cloned())
            .collect()
    }
}

impl Told {
    /// What makes it worth little that nothing else is wrong.
    fn proved_too_little(&self) -> Vec<String> {
        let mut all = Vec::new();
        let silent = self
            .seen
            .packets
            .iter()
            .filter(|(_, packets)| *packets == 0);
        all.extend(silent.map(|(interface, _)| format!("no packet was seen on {interface}")));
        // A part of the rows has a part of the packets.
        let whole = self.rows.len() == Network::ALL.len() * Fault::ALL.len();
        if whole && self.seen.total() < LEAST_PACKETS {
            all.push(format!(
                "{} packets were seen, fewer than {LEAST_PACKETS}",
                self.seen.total()
            ));
        }
        if self.acknowledged == 0 || self.sockets.is_empty() {
            all.push("no order was acknowledged, or no socket was shown".to_owned());
        }
        if self.privileges != UNPRIVILEGED {
            all.push(format!("the service ran with {}", self.privileges));
        }
        all
    }
}

/// Plays `rows` on pods of this lab; each is told as it ends. What was captured is left in
/// the folder `captures`, if one is named.
pub fn play(
    lab: &Lab,
    peers: &Peers,
    service: &Path,
    load: &Path,
    rows: &[(Network, Fault)],
    captures: Option<&Path>,
    tell: impl Fn(&Row),
) -> Told {
    let mut pod = lab.pod();
    let second = lab.pod();
    let capture = Capture::start(&lab.node);
    let container = Container {
        program: service,
        names_by: Network::Default,
        settings: Vec::new(),
        arguments: Vec::new(),
    };
    let running = Service::start(&pod, peers, &container);
    let _beside = Service::start(&second, peers, &container);
    drive(peers, load, &pod, "grpc", 9090);
    drive(peers, load, &second, "rest", 8080);
    let sockets = sockets::of_pod(&pod);
    let watch = Watch::start(lab, peers, &pod);
    let play = |(network, fault): &(Network, Fault)| {
        let row = watch.through(lab, &mut pod, peers, *network, *fault);
        tell(&row);
        row
    };
    let rows = rows.iter().map(play).collect();
    let acknowledged: Vec<String> = watch.orders.into_iter().flat_map(Observer::stop).collect();
    drive(peers, load, &pod, "grpc", 9090);
    let mut violations = violations(peers, &pod);
    let said = running.log();
    let of_sockets = said
        .lines()
        .filter(|line| line.contains("not on its plane"));
    violations.extend(of_sockets.take(5).map(str::to_owned));
    violations.extend(unpublished(peers, [&pod, &second]));
    Told {
        rows,
        lost: peers.lacking(&acknowledged),
        acknowledged: acknowledged.len(),
        privileges: format!(
            "uid {}, effective capabilities {}",
            running.status("Uid"),
            running.status("CapEff")
        ),
        sockets,
        violations,
        seen: match captures {
            Some(folder) => capture.stop_into(folder),
            None => capture.stop(),
        },
    }
}

/// Places orders as fast as they are answered.
fn drive(peers: &Peers, load: &Path, pod: &Pod, protocol: &str, port: u16) {
    let url = format!("http://{}:{port}", pod.address(Network::Data));
    let mut place = peers.caller.command(&load.to_string_lossy());
    place.args(["place", "--protocol", protocol, "--url", &url]);
    crate::namespace::succeed(place.args(["--callers", "16", "--duration", LOAD]));
}

/// What the service counted of sockets on a wrong plane.
pub(crate) fn violations(peers: &Peers, pod: &Pod) -> Vec<String> {
    let counted = metric(peers, pod, "plane_socket_violations_total");
    let Some(counted) = counted else {
        return vec!["the metrics cannot be read".to_owned()];
    };
    let told = |(labels, number): (String, f64)| {
        (number > 0.0).then(|| format!("violation {labels}: {number}"))
    };
    counted.into_iter().filter_map(told).collect()
}

/// Waits until every event is in Kafka; what is told of those that are not.
fn unpublished(peers: &Peers, pods: [&Pod; 2]) -> Option<String> {
    let begun = Instant::now();
    loop {
        let lags = pods.map(|pod| metric(peers, pod, "feed_lag_events"));
        // Only who publishes a partition knows of its lag.
        let known = lags.iter().flatten().flatten();
        let known: Vec<f64> = known.map(|(_, events)| *events).collect();
        let all = lags.iter().all(Option::is_some) && !known.is_empty();
        if all && known.iter().all(|events| *events == 0.0) {
            return None;
        }
        if begun.elapsed() > PUBLISHED {
            return Some(format!(
                "not all events are in Kafka after {PUBLISHED:?}: {lags:?}"
            ));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A client on each network, and several that place orders.
struct Watch {
    planes: [(Network, Observer); 4],
    orders: Vec<Observer>,
}

impl Watch {
    fn start(lab: &Lab, peers: &Peers, pod: &Pod) -> Watch {
        let url = |network, rest: &str| format!("http://{}:{rest}", pod.address(network));
        let alive = |name, network, place, rest: &str| {
            (
                network,
                Observer::start(name, place, get(url(network, rest))),
            )
        };
        // The storage plane has no listener: what is read from it tells.
        let stored = url(Network::Data, "8080/v1/orders?page_size=1");
        let planes = [
            alive("default", Network::Default, &lab.node, "8080/livez"),
            alive("mgmt", Network::Management, &peers.scraper, "9091/livez"),
            alive("data", Network::Data, &peers.caller, "8080/livez"),
            (
                Network::Storage,
                Observer::start("storage", &peers.caller, get(stored)),
            ),
        ];
        let orders = |number: usize| {
            let orders = place(url(Network::Data, "8080/v1/orders"), number.to_string());
            Observer::start("placing", &peers.caller, orders)
        };
        Watch {
            planes,
            orders: (0..PLACING).map(orders).collect(),
        }
    }

    fn through(
        &self,
        lab: &Lab,
        pod: &mut Pod,
        peers: &Peers,
        network: Network,
        fault: Fault,
    ) -> Row {
        self.until_all_answered();
        let begin = Instant::now();
        let happening = fault.begin(lab, pod, peers, network);
        std::thread::sleep(FAULT);
        // Before it is undone: what the plugins take is part of the return.
        let end = Instant::now();
        happening.end(lab, pod, peers);
        let plane_back = self.plane(network).until_answered(end);
        let orders_back = self.orders[0].until_answered(end);
        let back = Instant::now();
        // What is stored is read by way of the data plane.
        let depends = |other: Network| {
            other == network || (other == Network::Storage && network == Network::Data)
        };
        let others = self.planes.iter().filter(|(other, _)| !depends(*other));
        Row {
            network,
            fault,
            silent: self.plane(network).longest_gap(begin, end),
            plane_back,
            orders_back,
            others: others
                .map(|(_, observer)| (observer.name(), observer.longest_gap(begin, back)))
                .collect(),
        }
    }

    fn plane(&self, network: Network) -> &Observer {
        &self.planes[network as usize].1
    }

    /// So that one row's aftermath is not the next one's.
    fn until_all_answered(&self) {
        let now = Instant::now();
        for (_, observer) in &self.planes {
            observer.until_answered(now);
        }
        self.orders[0].until_answered(now);
    }
}
