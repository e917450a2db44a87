//! A real Prometheus (from Debian) on a free port of the loopback, gone with the test, and its `promtool`.

use super::offspring::unprivileged;
use super::place::{Place, free_ports, home, program, write};
use super::process::Process;
use std::fs::{self, File};
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::{Command, Output, Stdio};

/// A server that keeps exemplars too. Dropping it kills it and deletes its data.
#[derive(Debug)]
pub struct Prometheus {
    port: u16,
    process: Process,
    // After the process: a folder is deleted when nobody writes to it any more.
    place: Place,
}

impl Prometheus {
    /// A server with this configuration (`prometheus.yml`), which finds these files beside it. It may not
    /// answer yet when this returns: ask for `/-/ready`.
    pub fn start(config: &str, files: &[(&str, &str)]) -> Prometheus {
        let [port] = free_ports();
        let place = Place::new(&home("prometheus"));
        let folder = place.path();
        for (name, text) in [("prometheus.yml", config)].iter().chain(files) {
            write(&folder.join(name), text);
        }
        let mut command = unprivileged(&program("prometheus", "prometheus"));
        let flag = |name: &str, value: &str| format!("--{name}={value}");
        let path = |name: &str| folder.join(name).display().to_string();
        command
            .arg(flag("config.file", &path("prometheus.yml")))
            .arg(flag("storage.tsdb.path", &path("data")))
            .arg(flag("web.listen-address", &format!("127.0.0.1:{port}")))
            .arg(flag("enable-feature", "exemplar-storage"))
            .arg(flag("log.level", "warn"));
        let log = File::create(folder.join("log")).expect("the folder is writable");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let process = Process::default();
        process.start(command);
        Prometheus {
            port,
            process,
            place,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// Whether it has not ended by itself.
    pub fn runs(&self) -> bool {
        self.process.answers()
    }

    /// What it complained of.
    pub fn log(&self) -> String {
        fs::read_to_string(self.place.path().join("log")).unwrap_or_default()
    }
}

/// Runs `promtool` to its end with these words and this input.
pub fn promtool(words: &[&str], input: &str) -> Output {
    let mut child = Command::new(program("promtool", "prometheus"))
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool starts");
    let mut pipe = child.stdin.take().expect("a pipe");
    std::thread::scope(|scope| {
        // It may end before it has read everything, which its exit code tells.
        scope.spawn(move || _ = pipe.write_all(input.as_bytes()));
        child.wait_with_output().expect("promtool ends")
    })
}
