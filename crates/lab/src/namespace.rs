//! Network namespaces, and what is run inside them.

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

/// A network namespace that goes away with this value.
#[derive(Debug)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// A new one with its loopback up. Needs root.
    pub fn new(role: &str) -> Namespace {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("lab-{}-{number}-{role}", std::process::id());
        succeed(Command::new("ip").args(["netns", "add", &name]));
        let namespace = Namespace { name };
        namespace.ip("link set lo up");
        namespace
    }

    /// Its name, as `ip netns` knows it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it can be opened.
    pub fn path(&self) -> PathBuf {
        PathBuf::from("/run/netns").join(&self.name)
    }

    /// Runs `ip` inside, with arguments separated by blanks; answers what it prints.
    pub fn ip(&self, arguments: &str) -> String {
        succeed(
            Command::new("ip")
                .args(["-n", &self.name])
                .args(arguments.split(' ')),
        )
    }

    /// As [`ip`](Namespace::ip), where it is no matter whether it succeeds.
    pub fn try_ip(&self, arguments: &str) -> Output {
        let mut ip = Command::new("ip");
        ip.args(["-n", &self.name]).args(arguments.split(' '));
        ip.output().expect("ip (Debian: iproute2) can be started")
    }

    /// Writes a setting of the kernel inside: `net.ipv4.conf.net1.rp_filter`.
    pub fn set(&self, name: &str, value: &str) {
        let setting = format!("{name}={value}");
        succeed(self.command("sysctl").args(["-q", "-w", &setting]));
    }

    /// A program inside, which ends with the thread that starts it. Its process id is the one that it is
    /// started with.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        let ends_with_us = ["setpriv", "--pdeathsig", "KILL", "--"];
        command
            .args(["netns", "exec", &self.name])
            .args(ends_with_us)
            .arg(program);
        command
    }

    /// Deletes those of labs that were killed before they could.
    pub(crate) fn remove_leftovers() {
        let all = succeed(Command::new("ip").args(["netns", "list"]));
        let names = all.lines().filter_map(|line| line.split(' ').next());
        for name in names.filter(|name| is_leftover(name)) {
            _ = Command::new("ip").args(["netns", "delete", name]).output();
        }
    }

    /// Does `work` on a thread inside; whatever processes and threads it starts are inside too.
    pub fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let entered = || {
            let namespace = File::open(self.path()).expect("the namespace is there");
            let network = Some(LinkNameSpaceType::Network);
            move_into_link_name_space(namespace.as_fd(), network).expect("root may enter it");
            work()
        };
        std::thread::scope(|scope| match scope.spawn(entered).join() {
            Ok(answer) => answer,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    }
}

/// Whether it is of a lab whose process is no more.
fn is_leftover(name: &str) -> bool {
    let process = name
        .strip_prefix("lab-")
        .and_then(|rest| rest.split('-').next());
    process.is_some_and(|process| !Path::new("/proc").join(process).exists())
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let mut delete = Command::new("ip");
        _ = delete.args(["netns", "delete", &self.name]).output();
    }
}

/// Runs to the end; a failure says what was run and what it said. Answers what it printed.
pub(crate) fn succeed(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?} ended with {}: {}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
