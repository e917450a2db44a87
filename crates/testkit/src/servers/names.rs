//! A name server that knows a few names, remembers who asked for which, and a process that has no other.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How soon it sees that it is to end.
const LOOK: Duration = Duration::from_millis(50);
/// Longer than any question (RFC 1035, 4.2.1, and what EDNS adds to it).
const QUESTION_BYTES: usize = 1_500;
/// RFC 1035, 4.1.1: the header, before the question.
const HEADER_BYTES: usize = 12;
/// RFC 1035, 3.2.2: an IPv4 address; and the class of the Internet.
const TYPE_A: [u8; 4] = [0, 1, 0, 1];
/// How long an answer may be kept, in seconds.
const TTL_SECONDS: u8 = 1;
/// Says to the tests of a process that it was started by [`run_among`].
const CHILD_VARIABLE: &str = "TESTKIT_AMONG_NAMES";

/// What was asked, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The name, in lower case, without a dot at its end.
    pub name: String,
    /// The address that the question came from.
    pub from: IpAddr,
}

/// The server. It ends when it is dropped.
#[derive(Debug)]
pub struct NameServer {
    asked: Arc<Mutex<Vec<Asked>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl NameServer {
    /// Serves by this socket, which the test made where it wants the server to be.
    pub fn start(socket: UdpSocket, names: &[(&str, Ipv4Addr)]) -> NameServer {
        socket.set_read_timeout(Some(LOOK)).expect("a timeout");
        let known = names.iter().map(|(name, ip)| ((*name).to_owned(), *ip));
        let known: BTreeMap<String, Ipv4Addr> = known.collect();
        let (asked, stop) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let (noted, stopped) = (Arc::clone(&asked), Arc::clone(&stop));
        let thread = thread::spawn(move || serve(&socket, &known, &noted, &stopped));
        NameServer {
            asked,
            stop,
            thread: Some(thread),
        }
    }

    /// Every question so far, in order.
    pub fn asked(&self) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.clone()
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic of it was printed.
            let _ = thread.join();
        }
    }
}

fn serve(
    socket: &UdpSocket,
    names: &BTreeMap<String, Ipv4Addr>,
    asked: &Mutex<Vec<Asked>>,
    stop: &AtomicBool,
) {
    let mut buffer = [0; QUESTION_BYTES];
    while !stop.load(Ordering::Relaxed) {
        let (bytes, from) = match socket.recv_from(&mut buffer) {
            Ok(received) => received,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                continue;
            }
            Err(error) => panic!("the name server cannot read: {error}"),
        };
        let Some((name, answer)) = answer(&buffer[..bytes], names) else {
            continue;
        };
        let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.push(Asked {
            name,
            from: from.ip(),
        });
        // Whoever asked may be gone.
        let _ = socket.send_to(&answer, from);
    }
}

/// The name that is asked for and the answer; nothing where it is no question.
fn answer(question: &[u8], names: &BTreeMap<String, Ipv4Addr>) -> Option<(String, Vec<u8>)> {
    let mut labels = Vec::new();
    let mut at = HEADER_BYTES;
    loop {
        let length = usize::from(*question.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        let label = question.get(at..at + length)?;
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        at += length;
    }
    let kind = question.get(at..at + 4)?;
    let name = labels.join(".");
    let known = names.get(&name);
    let address = known.filter(|_| kind == TYPE_A);
    // An answer, by authority, to a question that wanted recursion; 3: there is no such name.
    let flags = [0x85, if known.is_some() { 0x80 } else { 0x83 }];
    let counts = [0, 1, 0, u8::from(address.is_some()), 0, 0, 0, 0];
    let mut answer = Vec::from(question.get(..2)?);
    answer.extend(flags);
    answer.extend(counts);
    answer.extend(&question[HEADER_BYTES..at + 4]);
    if let Some(address) = address {
        // The name of the question, by a pointer to it.
        answer.extend([0xc0, 12]);
        answer.extend(TYPE_A);
        answer.extend([0, 0, 0, TTL_SECONDS, 0, 4]);
        answer.extend(address.octets());
    }
    Some((name, answer))
}

/// Whether this process is the one that [`run_among`] started.
pub fn is_among() -> bool {
    std::env::var_os(CHILD_VARIABLE).is_some()
}

/// Runs the test `test` (`module::function`) of this binary again, alone, in the network namespace
/// `namespace` and with this name server and no other; fails unless it ran and passed. There
/// `getaddrinfo` knows `/etc/hosts` alone, so a name that is found was asked for by somebody else.
pub fn run_among(namespace: &str, server: Ipv4Addr, test: &str) {
    // `ip netns exec` lays these files over those of /etc.
    let folder = Files(PathBuf::from("/etc/netns").join(namespace));
    fs::create_dir_all(&folder.0).expect("a folder below /etc/netns; run as root");
    for (file, text) in [
        ("resolv.conf", format!("nameserver {server}\n")),
        ("nsswitch.conf", "hosts: files\n".to_owned()),
    ] {
        fs::write(folder.0.join(file), text).expect("a file below /etc/netns");
    }
    let output = Command::new("ip")
        .args(["netns", "exec", namespace])
        .arg(std::env::current_exe().expect("this binary"))
        .args(["--exact", test, "--nocapture"])
        .env(CHILD_VARIABLE, "1")
        .output()
        .expect("`ip` of the package iproute2 is needed");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    // A wrong name would run no test and succeed.
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}\n{errors}"
    );
}

/// A folder that goes away with this value.
struct Files(PathBuf);

impl Drop for Files {
    fn drop(&mut self) {
        // A failure here must not hide the test's own.
        let _ = fs::remove_dir_all(&self.0);
    }
}
