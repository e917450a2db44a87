//! A network namespace for the test's planes, another for their peers, and two cables between them.
//!
//! Making one needs root; a test that cannot have it fails and says so.

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::io::Write;
use std::net::Ipv4Addr;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// The planes' side and the peers' side. Each cable has a name that both of its ends bear.
pub(crate) struct Lab {
    /// Has the interfaces that the planes are bound to.
    pub(crate) pod: Namespace,
    /// Has the other end of each.
    pub(crate) world: Namespace,
}

/// One cable: the interface's name at both ends and the network on it.
#[derive(Clone, Copy)]
pub(crate) struct Cable {
    pub(crate) interface: &'static str,
    pub(crate) pod: Ipv4Addr,
    pub(crate) world: Ipv4Addr,
}

pub(crate) const NET1: Cable = Cable {
    interface: "net1",
    pod: Ipv4Addr::new(10, 20, 0, 1),
    world: Ipv4Addr::new(10, 20, 0, 2),
};

pub(crate) const NET2: Cable = Cable {
    interface: "net2",
    pod: Ipv4Addr::new(10, 30, 0, 1),
    world: Ipv4Addr::new(10, 30, 0, 2),
};

impl Lab {
    /// Two namespaces, joined by [`NET1`] and [`NET2`].
    pub(crate) fn new() -> Self {
        let lab = Self {
            pod: Namespace::new("pod"),
            world: Namespace::new("world"),
        };
        for cable in [NET1, NET2] {
            lab.join(cable, None);
        }
        lab
    }

    /// Lays the cable. The pod's end gets this index, or one that it never had.
    pub(crate) fn join(&self, cable: Cable, index: Option<u32>) {
        let name = cable.interface;
        let index = index.map_or_else(String::new, |index| format!("index {index} "));
        self.pod.ip(&format!(
            "link add {name} {index}type veth peer name {name} netns {}",
            self.world.name
        ));
        self.pod
            .ip(&format!("address add {}/24 dev {name}", cable.pod));
        self.world
            .ip(&format!("address add {}/24 dev {name}", cable.world));
        self.pod.ip(&format!("link set {name} up"));
        self.world.ip(&format!("link set {name} up"));
    }

    /// Takes it away, both ends, and answers the index that the pod's end had.
    pub(crate) fn cut(&self, cable: Cable) -> u32 {
        let name = cable.interface;
        // `7: net1@if7: <BROADCAST,…`
        let told = self.pod.ip(&format!("-o link show dev {name}"));
        self.pod.ip(&format!("link delete {name}"));
        let index = told.split(':').next();
        index.and_then(|index| index.trim().parse().ok()).unwrap()
    }
}

/// A network namespace that goes away with this value.
pub(crate) struct Namespace {
    name: String,
}

impl Namespace {
    fn new(role: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        assert!(
            rustix::process::geteuid().is_root(),
            "this test makes network namespaces and needs root: run the tests as root, as `cargo xtask test` does in CI"
        );
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("planes-{}-{number}-{role}", std::process::id());
        run(&["netns", "add", &name]);
        let namespace = Self { name };
        namespace.ip("link set lo up");
        namespace
    }

    /// Runs `ip` inside, with arguments separated by blanks, and answers what it prints.
    pub(crate) fn ip(&self, arguments: &str) -> String {
        let mut all = vec!["-n", &self.name];
        all.extend(arguments.split(' '));
        run(&all)
    }

    /// Runs many commands of `ip` inside, one a line.
    pub(crate) fn ip_batch(&self, lines: &str) {
        let mut child = Command::new("ip")
            .args(["-n", &self.name, "-batch", "-"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(lines.as_bytes()).unwrap();
        drop(input);
        assert!(child.wait().unwrap().success(), "ip -batch");
    }

    /// What `ip` knows it by.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Sets a kernel setting of this namespace: `name=value`.
    pub(crate) fn sysctl(&self, setting: &str) {
        run(&["netns", "exec", &self.name, "sysctl", "-qw", setting]);
    }

    /// Runs `work` on a thread and a runtime inside; the sockets that it gives stay inside.
    pub(crate) fn run<T: Send>(&self, work: impl AsyncFnOnce() -> T + Send) -> T {
        let result = std::thread::scope(|scope| scope.spawn(|| self.block_on(work)).join());
        result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// [`run`](Self::run) on this thread, which stays inside afterwards.
    pub(crate) fn block_on<T>(&self, work: impl AsyncFnOnce() -> T) -> T {
        let file = File::open(format!("/run/netns/{}", self.name)).unwrap();
        move_into_link_name_space(file.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
            .block_on(crate::within(work()))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // The veth pairs go with it. A failure here must not hide the test's own.
        let _ = Command::new("ip")
            .args(["netns", "delete", &self.name])
            .status();
    }
}

fn run(arguments: &[&str]) -> String {
    let output = Command::new("ip")
        .args(arguments)
        .output()
        .expect("`ip` of the package iproute2 is needed");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {arguments:?}: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
