//! Mistakes on purpose: each must be seen, by the capture, by the service's own audit, or by what it does.
//!
//! They are played where a mistake shows: the pod has a route by its default interface to each peer of the
//! other planes (as RTE006 warns of), so that whatever is not bound leaves there. What is bound does not,
//! which the first play shows: it is the service as it should be.

use crate::capture::{Capture, Seen};
use crate::fault::Fault;
use crate::network::{Lab, Network, Pod};
use crate::observer::{Observer, get};
use crate::peers::Peers;
use crate::scene::{REBIRTH, violations};
use crate::service::{Container, Service};
use crate::sockets::{self, Bound};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// How long is looked for a mistake.
const PLAY: Duration = Duration::from_secs(12);
const LOOK: Duration = Duration::from_millis(200);

/// The mistakes of the list, as `PLANES_MUTANT` names them.
const IN_THE_SERVICE: [&str; 6] = [
    "no-bind",
    "address-only",
    "bind-after-listen",
    "wrong-plane",
    "getaddrinfo",
    "packet-info",
];

/// What was seen of a mistake.
#[derive(Clone, Debug)]
pub struct Caught {
    /// Which.
    pub mutant: &'static str,
    /// By what it was seen, one line each; none: it went unseen.
    pub evidence: Vec<String>,
    /// Packets that went by.
    pub packets: u64,
}

/// Plays the service as it should be, then each mistake.
pub fn play(lab: &Lab, peers: &Peers, service: &Path, mutants: &Path) -> Vec<Caught> {
    let mut all = vec![one(lab, peers, service, "none")];
    all.extend(IN_THE_SERVICE.map(|mutant| one(lab, peers, mutants, mutant)));
    all.push(stale(lab, peers, mutants));
    all.push(sidecar(lab, peers, service));
    all
}

fn container<'a>(pod: &Pod, program: &'a Path, mutant: &str) -> Container<'a> {
    let settings = vec![
        ("PLANES_MUTANT", mutant.to_owned()),
        (
            "PLANES_MUTANT_INDEX",
            pod.index(Network::Default).to_string(),
        ),
    ];
    Container {
        program,
        names_by: Network::Data,
        settings: if mutant == "none" {
            Vec::new()
        } else {
            settings
        },
        arguments: Vec::new(),
    }
}

/// Routes by the default interface to whomever the service asks by a plane.
fn lay_traps(pod: &Pod) {
    for network in Network::SECONDARY {
        // Strictly, the kernel would drop what comes back to the other planes.
        pod.namespace.set(
            &format!("net.ipv4.conf.{}.rp_filter", network.interface()),
            "2",
        );
    }
    let gateway = Network::Default.address(1);
    for peer in Peers::asked() {
        pod.namespace
            .ip(&format!("route add {peer}/32 via {gateway} dev eth0"));
    }
}

fn one(lab: &Lab, peers: &Peers, program: &Path, mutant: &'static str) -> Caught {
    let pod = lab.pod();
    lay_traps(&pod);
    let capture = Capture::start(&lab.node);
    let mut service = Service::launch(&pod, peers, &container(&pod, program, mutant));
    let mut evidence = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < PLAY {
        if let Some(status) = service.ended() {
            let log = service.log();
            let last = log.lines().last().unwrap_or_default();
            evidence.push(format!("it does not start ({status}): {last}"));
            break;
        }
        std::thread::sleep(LOOK);
        note(
            &mut evidence,
            sockets::of_pod(&pod)
                .iter()
                .find_map(Bound::fault)
                .map(|fault| format!("ss: {fault}")),
        );
    }
    if service.ended().is_none() {
        note(&mut evidence, violations(peers, &pod).into_iter().next());
    }
    Caught::of(mutant, evidence, &capture.stop())
}

fn note(evidence: &mut Vec<String>, seen: Option<String>) {
    let kind = |text: &str| text.split(' ').next().map(str::to_owned);
    if let Some(seen) = seen
        && !evidence.iter().any(|known| kind(known) == kind(&seen))
    {
        evidence.push(seen);
    }
}

impl Caught {
    fn of(mutant: &'static str, mut evidence: Vec<String>, seen: &Seen) -> Caught {
        if let Some(first) = seen.strays.first() {
            let number = seen.strays.len();
            evidence.push(format!(
                "{number} packets, as on {}: {}",
                first.interface, first.packet
            ));
        }
        Caught {
            mutant,
            evidence,
            packets: seen.total(),
        }
    }

    /// Whether it is as it must be: seen as what it is. That a service does not run for any other reason is
    /// no proof.
    pub fn holds(&self) -> bool {
        let Some(mark) = mark(self.mutant) else {
            return self.evidence.is_empty();
        };
        self.evidence.iter().any(|seen| seen.contains(mark))
    }
}

/// The words of the evidence that tells a mistake from any other trouble; `None`: there is none to be seen.
fn mark(mutant: &str) -> Option<&'static str> {
    match mutant {
        "none" => None,
        "bind-after-listen" => Some("EADDRINUSE"),
        "wrong-plane" => Some("packets, as on eth2"),
        "stale-index" => Some("does not serve"),
        "sidecar" => Some("owner=\"uid 1000\""),
        _ => Some("packets, as on cni0"),
    }
}

/// Sockets of an interface that is gone are kept: the plane does not serve again when it is back.
fn stale(lab: &Lab, peers: &Peers, program: &Path) -> Caught {
    let mut pod = lab.pod();
    let capture = Capture::start(&lab.node);
    let _service = Service::start(&pod, peers, &container(&pod, program, "stale-index"));
    let url = format!("http://{}:8080/livez", pod.address(Network::Data));
    let observer = Observer::start("data", &peers.caller, get(url));
    let happening = Fault::OtherIndex.begin(lab, &pod, peers, Network::Data);
    std::thread::sleep(Duration::from_secs(1));
    happening.end(lab, &mut pod, peers);
    let back = Instant::now();
    std::thread::sleep(REBIRTH + REBIRTH / 2);
    let served = observer.was_answered(back, Instant::now());
    let evidence = (!served).then(|| {
        format!(
            "the data plane does not serve {:.1?} after its interface is back",
            back.elapsed()
        )
    });
    Caught::of(
        "stale-index",
        evidence.into_iter().collect(),
        &capture.stop(),
    )
}

/// Another container of the pod connects to the database by a socket of no plane; the service is as it
/// should be.
fn sidecar(lab: &Lab, peers: &Peers, program: &Path) -> Caught {
    let pod = lab.pod();
    let _service = Service::start(&pod, peers, &container(&pod, program, "none"));
    lay_traps(&pod);
    let capture = Capture::start(&lab.node);
    let (address, port) = peers.database();
    let connect = format!("exec 3<>/dev/tcp/{address}/{port}; sleep 60");
    let mut stranger = pod.namespace.command("setpriv");
    stranger.args([
        "--reuid",
        "1000",
        "--clear-groups",
        "--pdeathsig",
        "KILL",
        "bash",
        "-c",
        &connect,
    ]);
    let stranger = stranger.stdin(Stdio::null()).stderr(Stdio::null()).spawn();
    let _stranger = Stranger(stranger.expect("bash can be started"));
    let begun = Instant::now();
    let mut evidence = Vec::new();
    while evidence.is_empty() && begun.elapsed() < PLAY {
        std::thread::sleep(LOOK);
        note(&mut evidence, violations(peers, &pod).into_iter().next());
    }
    Caught::of("sidecar", evidence, &capture.stop())
}

struct Stranger(Child);

impl Drop for Stranger {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(mutant: &'static str, evidence: &[&str]) -> bool {
        let evidence = evidence.iter().map(|seen| (*seen).to_owned()).collect();
        let caught = Caught {
            mutant,
            evidence,
            packets: 1,
        };
        caught.holds()
    }

    #[test]
    fn a_mistake_is_caught_by_its_own_mark_alone() {
        assert!(holds(
            "no-bind",
            &["16 packets, as on cni0: IP 10.244.0.3 > 10.20.0.53"]
        ));
        assert!(!holds(
            "no-bind",
            &["it does not start: No such file or directory"]
        ));
        assert!(!holds("wrong-plane", &["3 packets, as on cni0: …"]));
        assert!(holds("none", &[]));
        assert!(!holds("none", &["the metrics cannot be read"]));
    }
}
