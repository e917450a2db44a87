//! A network namespace of a test's own, in which the service runs. Takes root and `ip`.

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::ffi::OsStr;
use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A namespace; it goes away with whatever is in it.
pub(crate) struct Namespace {
    name: String,
}

impl Namespace {
    pub(crate) fn new() -> Namespace {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        assert!(
            rustix::process::geteuid().is_root(),
            "this test makes network namespaces and needs root: run the tests as root, as `cargo xtask test` does in CI"
        );
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("orders-{}-{number}", std::process::id());
        run(Command::new("ip").args(["netns", "add", &name]));
        let namespace = Namespace { name };
        namespace.ip("link set lo up");
        namespace
    }

    /// Runs `ip` inside, with arguments separated by blanks.
    pub(crate) fn ip(&self, arguments: &str) {
        let arguments = arguments.split(' ');
        run(Command::new("ip").args(["-n", &self.name]).args(arguments));
    }

    /// An interface that is up, and its other end `NAME-far`, up too; it has no address yet.
    pub(crate) fn cable(&self, interface: &str) {
        let far = format!("{interface}-far");
        self.ip(&format!("link add {interface} type veth peer name {far}"));
        for end in [interface, &far] {
            self.ip(&format!("link set {end} up"));
        }
    }

    /// The same, with its other end in `other`, where it has the same name.
    pub(crate) fn cable_to(&self, interface: &str, other: &Namespace) {
        let far = format!("peer name {interface} netns {}", other.name);
        self.ip(&format!("link add {interface} type veth {far}"));
        for namespace in [self, other] {
            namespace.ip(&format!("link set {interface} up"));
        }
    }

    /// A listener inside; the kernel answers for it.
    pub(crate) fn listen(&self, address: SocketAddr) -> TcpListener {
        let file = File::open(format!("/run/netns/{}", self.name)).unwrap();
        // A thread stays where it has gone, so it is one of its own.
        let listening = std::thread::spawn(move || {
            let network = Some(LinkNameSpaceType::Network);
            move_into_link_name_space(file.as_fd(), network).unwrap();
            #[expect(clippy::disallowed_methods, reason = "a peer's, not the service's")]
            let listener = TcpListener::bind(address);
            listener.unwrap()
        });
        listening.join().unwrap()
    }

    /// Sets a kernel setting inside: `net.ipv4.ip_forward=1`.
    pub(crate) fn set(&self, setting: &str) {
        let mut sysctl = Command::new("sysctl");
        sysctl.args(["-qw", setting]);
        run(&mut self.within(&sysctl));
    }

    /// The command that runs this program inside, with the settings that it was given.
    pub(crate) fn within(&self, program: &Command) -> Command {
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", &self.name])
            .arg(program.get_program())
            .args(program.get_args());
        if program.get_envs().len() > 0 {
            command.env_clear();
            let set = |(name, value): (_, Option<&OsStr>)| Some((name, value?.to_owned()));
            command.envs(program.get_envs().filter_map(set));
        }
        command
    }

    /// The status and the body that curl is answered from inside; status 0: no answer.
    pub(crate) fn get(&self, url: &str) -> (u16, String) {
        let mut curl = Command::new("curl");
        curl.args(["-s", "--max-time", "5", "-w", "\n%{http_code}", url]);
        let output = self.within(&curl).output().unwrap();
        let answer = String::from_utf8(output.stdout).unwrap();
        let (body, status) = answer.rsplit_once('\n').unwrap();
        (status.parse().unwrap(), body.to_owned())
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // A failure here must not hide the test's own.
        let _ = Command::new("ip")
            .args(["netns", "delete", &self.name])
            .status();
    }
}

fn run(command: &mut Command) {
    let output = command
        .output()
        .expect("`ip` of the package iproute2 is needed");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
}
