//! `netcheck` in a pod of the lab, by the service's own program: nothing critical in peace, each trouble
//! that is planted named, every passage between planes closed, each plane measured.

use crate::fault::Fault;
use crate::network::{Lab, Network, Pod};
use crate::peers::Peers;
use crate::service::{Container, Service};
use serde_json::Value;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// How long the other end of a measurement may take to listen.
const PATIENCE: Duration = Duration::from_secs(20);
/// The planes that are measured.
const MEASURED: [(Network, &str); 3] = [
    (Network::Default, "default"),
    (Network::Data, "data"),
    (Network::Storage, "storage"),
];

/// A trouble that was planted, and what netcheck said.
#[derive(Clone, Debug)]
pub struct Planted {
    /// What was done; nothing: the pod as it should be.
    pub trouble: &'static str,
    /// The checks that must name it.
    pub ids: &'static [&'static str],
    /// What is critical, one line each.
    pub found: Vec<String>,
    /// Its exit code.
    pub code: i32,
}

impl Planted {
    /// Whether each id was named, and the exit code tells.
    pub fn holds(&self) -> bool {
        let named = |id: &&str| self.found.iter().any(|line| line.starts_with(*id));
        if self.ids.is_empty() {
            self.found.is_empty() && self.code == 0
        } else {
            self.ids.iter().all(named) && self.code == 1
        }
    }
}

/// All that was seen.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// One for each trouble.
    pub planted: Vec<Planted>,
    /// Passages between planes: from, to, whether closed.
    pub passages: Vec<[String; 3]>,
    /// Planes: name, round trip in µs (p50, p99), Mbit/s out and in.
    pub planes: Vec<(String, [f64; 4])>,
}

impl Checked {
    /// What did not hold, in words.
    pub fn broken(&self) -> Vec<String> {
        let unnamed = self.planted.iter().filter(|one| !one.holds());
        let unnamed = unnamed.map(|one| format!("netcheck, {}: {:?}", one.trouble, one.found));
        let open = self
            .passages
            .iter()
            .filter(|[_, _, closed]| closed != "yes");
        let open =
            open.map(|[from, to, closed]| format!("from the {from} to {to}: closed: {closed}"));
        let mut all: Vec<String> = unnamed.chain(open).collect();
        if self.passages.is_empty() || self.planes.len() != MEASURED.len() {
            all.push("netcheck: no passage was tried, or not every plane measured".to_owned());
        }
        all
    }
}

/// Plays all of it.
pub fn play(lab: &Lab, peers: &Peers, program: &Path) -> Checked {
    let mut pod = lab.pod();
    let other = lab.pod();
    // Beside a running service, as an operator does it.
    let _running = Service::start(&pod, peers, &container(program, &[]));
    let mut checked = Checked {
        passages: passages(&pod, peers, program),
        planes: planes(&pod, &other, peers, program),
        planted: vec![ask(&pod, peers, program, "nothing", &[])],
    };
    let gateway = Network::Management.address(1);
    let ns = |pod: &Pod, line: &str| drop(pod.namespace.ip(line));
    let second = format!("default via {gateway} dev net1 metric 10");
    // The gateway need not answer for the route to be there.
    ns(&pod, &format!("route add {second} onlink"));
    let trouble = "a second default route, by the management network";
    checked
        .planted
        .push(ask(&pod, peers, program, trouble, &["RTE001", "RTE002"]));
    ns(&pod, &format!("route delete {second}"));

    let trap = format!(
        "{}/32 via {} dev eth0",
        peers.database().0,
        Network::Default.address(1)
    );
    ns(&pod, &format!("route add {trap}"));
    let trouble = "a route to the database by eth0";
    checked
        .planted
        .push(ask(&pod, peers, program, trouble, &["RTE006"]));
    ns(&pod, &format!("route delete {trap}"));

    pod.namespace.set("net.ipv4.ip_forward", "1");
    let trouble = "the pod forwards packets";
    checked
        .planted
        .push(ask(&pod, peers, program, trouble, &["SYS005"]));
    pod.namespace.set("net.ipv4.ip_forward", "0");

    let faults: [(Network, Fault, &'static str, &'static [&'static str]); 3] = [
        (
            Network::Storage,
            Fault::CarrierLoss,
            "the storage network's cable is cut",
            &["NET003"],
        ),
        (
            Network::Data,
            Fault::Blackhole,
            "the data network's peers drop what comes",
            &["PEER001"],
        ),
        (
            Network::Management,
            Fault::OtherIndex,
            "the management interface is gone",
            &["NET001"],
        ),
    ];
    for (network, fault, trouble, ids) in faults {
        let happening = fault.begin(lab, &pod, peers, network);
        checked
            .planted
            .push(ask(&pod, peers, program, trouble, ids));
        happening.end(lab, &mut pod, peers);
    }
    checked
}

fn container<'a>(program: &'a Path, arguments: &[&str]) -> Container<'a> {
    Container {
        program,
        names_by: Network::Default,
        settings: Vec::new(),
        arguments: arguments.iter().map(|one| (*one).to_owned()).collect(),
    }
}

/// The exit code, and what was printed as JSON.
fn json(pod: &Pod, peers: &Peers, program: &Path, arguments: &[&str]) -> (i32, Value) {
    let output = Service::run(pod, peers, &container(program, arguments));
    let told = String::from_utf8_lossy(&output.stdout);
    let value = serde_json::from_str(&told).unwrap_or_else(|error| {
        let said = String::from_utf8_lossy(&output.stderr);
        panic!("{arguments:?} printed no JSON: {error}: {told}{said}")
    });
    (output.status.code().unwrap_or(-1), value)
}

fn ask(
    pod: &Pod,
    peers: &Peers,
    program: &Path,
    trouble: &'static str,
    ids: &'static [&'static str],
) -> Planted {
    let (code, report) = json(pod, peers, program, &["netcheck", "--json"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let found = report["findings"].as_array().into_iter().flatten();
    let critical = found.filter(|one| one["severity"] == "critical");
    let line = |one: &Value| {
        let [id, subject, evidence] = ["id", "subject", "evidence"].map(|key| text(&one[key]));
        format!("{id} {subject}: {evidence}")
    };
    Planted {
        trouble,
        ids,
        found: critical.map(line).collect(),
        code,
    }
}

fn passages(pod: &Pod, peers: &Peers, program: &Path) -> Vec<[String; 3]> {
    let (_, passages) = json(pod, peers, program, &["netcheck", "isolate", "--json"]);
    let row = |one: &Value| {
        ["from", "to", "closed"].map(|key| one[key].as_str().unwrap_or_default().to_owned())
    };
    passages.as_array().into_iter().flatten().map(row).collect()
}

/// The other end of a measurement; it goes with this.
struct OtherEnd(Child);

impl Drop for OtherEnd {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

fn planes(pod: &Pod, other: &Pod, peers: &Peers, program: &Path) -> Vec<(String, [f64; 4])> {
    let serve = container(program, &["netcheck", "perf", "--serve", "--for", "120"]);
    let (mut command, _folder) = Service::command(other, peers, &serve);
    let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
    let _end = OtherEnd(quiet.spawn().expect("the other end can be started"));
    let targets = MEASURED.map(|(network, plane)| format!("{plane}={}", other.address(network)));
    let mut arguments = vec!["netcheck", "perf", "--json", "--seconds", "2"];
    arguments.extend(targets.iter().map(String::as_str));
    let begun = Instant::now();
    let output = loop {
        let output = Service::run(pod, peers, &container(program, &arguments));
        if output.status.success() || begun.elapsed() > PATIENCE {
            break output;
        }
    };
    let told = String::from_utf8_lossy(&output.stdout);
    let measured: Value = serde_json::from_str(&told).unwrap_or_default();
    let keys = [
        "round_trip_p50_micros",
        "round_trip_p99_micros",
        "send_mbit_per_second",
        "receive_mbit_per_second",
    ];
    let row = |one: &Value| {
        let plane = one["plane"].as_str().unwrap_or_default().to_owned();
        (plane, keys.map(|key| one[key].as_f64().unwrap_or_default()))
    };
    measured.as_array().into_iter().flatten().map(row).collect()
}
