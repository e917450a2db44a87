//! What really went by each of the node's interfaces, as tcpdump saw it.

use crate::namespace::{Namespace, succeed};
use crate::network::Network;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// Enough of a packet to tell who sent it to whom.
const SNAP_BYTES: &str = "96";

/// Captures on the pod's four networks, at the node's side, which stays when the pod's is deleted.
#[derive(Debug)]
pub struct Capture {
    folder: TempDir,
    dumps: Vec<(&'static str, Child)>,
}

/// A packet that went by a network which it had no business on.
#[derive(Clone, Debug)]
pub struct Stray {
    /// The node's interface that it went by.
    pub interface: &'static str,
    /// As tcpdump shows it.
    pub packet: String,
}

/// What was seen.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Packets by interface.
    pub packets: Vec<(&'static str, u64)>,
    /// Those that belong to another network.
    pub strays: Vec<Stray>,
}

impl Seen {
    /// Packets of all interfaces.
    pub fn total(&self) -> u64 {
        self.packets.iter().map(|(_, packets)| packets).sum()
    }
}

impl Capture {
    /// Starts; every interface is listened to when this returns.
    pub fn start(node: &Namespace) -> Capture {
        let folder = tempfile::tempdir().expect("a folder for captures can be made");
        let dumps = Network::ALL.map(Network::master).map(|interface| {
            let file = folder.path().join(interface);
            let mut dump = node.command("tcpdump");
            dump.args(["-i", interface, "-n", "-U", "-s", SNAP_BYTES, "-B", "16384"])
                .args(["-Z", "root", "-w"])
                .arg(file)
                .stdin(Stdio::null())
                .stderr(Stdio::piped());
            let mut dump = dump
                .spawn()
                .expect("tcpdump can be started (Debian: tcpdump)");
            wait_for_start(&mut dump);
            (interface, dump)
        });
        Capture {
            folder,
            dumps: dumps.into(),
        }
    }

    /// Stops, counts, and leaves what was captured in this folder: a file of tcpdump's for each interface.
    pub fn stop_into(self, folder: &Path) -> Seen {
        let from = self.folder.path().to_owned();
        self.stop_with(|interface| {
            std::fs::create_dir_all(folder).expect("a folder for captures can be made");
            let kept = folder.join(format!("{interface}.pcap"));
            std::fs::copy(from.join(interface), kept).expect("a capture can be copied");
        })
    }

    /// Stops, and counts.
    pub fn stop(self) -> Seen {
        self.stop_with(|_| {})
    }

    fn stop_with(mut self, keep: impl Fn(&str)) -> Seen {
        let mut seen = Seen::default();
        for (interface, mut dump) in std::mem::take(&mut self.dumps) {
            succeed(Command::new("kill").args(["-INT", &dump.id().to_string()]));
            dump.wait().expect("a child can be waited for");
            keep(interface);
            seen.packets.push((interface, self.count(interface)));
            seen.strays.extend(self.strays(interface));
        }
        seen
    }

    fn file(&self, interface: &str) -> PathBuf {
        self.folder.path().join(interface)
    }

    fn read(&self, interface: &str) -> Command {
        let mut tcpdump = Command::new("tcpdump");
        tcpdump.args(["-n", "-r"]).arg(self.file(interface));
        tcpdump
    }

    fn count(&self, interface: &str) -> u64 {
        // `1234 packets`
        let said = succeed(self.read(interface).arg("--count"));
        let number = said.split_whitespace().next();
        number.and_then(|number| number.parse().ok()).unwrap_or(0)
    }

    /// Packets, ARP among them, that name an address of a network which is not this interface's.
    fn strays(&self, interface: &'static str) -> Vec<Stray> {
        let foreign = Network::ALL
            .into_iter()
            .filter(|network| network.master() != interface);
        let filter: Vec<String> = foreign
            .map(|network| format!("net {}", network.subnet()))
            .collect();
        let said = succeed(self.read(interface).arg(filter.join(" or ")));
        let stray = |packet: &str| Stray {
            interface,
            packet: packet.to_owned(),
        };
        said.lines().map(stray).collect()
    }
}

/// It says so when it listens.
fn wait_for_start(dump: &mut Child) {
    let said = dump.stderr.take().expect("it is piped");
    let mut lines = BufReader::new(said).lines().map_while(Result::ok);
    let started = lines.any(|line| line.contains("listening on"));
    assert!(started, "tcpdump does not listen");
    // What it says later must not fill the pipe.
    std::thread::spawn(move || lines.for_each(drop));
}

impl Drop for Capture {
    fn drop(&mut self) {
        for (_, dump) in &mut self.dumps {
            _ = dump.kill();
            _ = dump.wait();
        }
    }
}
