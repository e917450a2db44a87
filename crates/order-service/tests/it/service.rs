//! A service of the test's own: a process on free ports with a folder of its own.

use crate::client::Client;
use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a service may take to start or stop before the test gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often the end of a process is looked for.
const LOOK: Duration = Duration::from_millis(5);

pub(crate) fn binary() -> Command {
    program(env!("CARGO_BIN_EXE_order-service"))
}

/// A build of the service, this one or another.
pub(crate) fn program(path: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(path);
    // Nothing of the machine's own settings enters a test.
    command.env_clear().env("RUST_BACKTRACE", "1");
    command
}

/// The contract of the topics, as the command prints it.
pub(crate) fn asyncapi() -> String {
    let output = binary().arg("asyncapi").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The exit code of a command that ends by itself, and what it says on standard error, or the test fails.
pub(crate) fn ending(command: &mut Command) -> (Option<i32>, String) {
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut told = String::new();
        stderr.read_to_string(&mut told).unwrap();
        told
    });
    let mut in_time = true;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > PATIENCE {
            in_time = false;
            child.kill().unwrap();
        }
        std::thread::sleep(LOOK);
    };
    let told = reader.join().unwrap();
    assert!(in_time, "it does not end: {told}");
    (status.code(), told)
}

pub(crate) struct Service {
    child: Child,
    log: Arc<Mutex<VecDeque<String>>>,
    /// Reads the log until the process has ended.
    reader: Option<JoinHandle<()>>,
    pub(crate) rest: SocketAddr,
    pub(crate) grpc: SocketAddr,
    pub(crate) management: SocketAddr,
    /// From the start of the process to the line that says it is ready.
    pub(crate) started_in: Duration,
}

impl Service {
    /// Starts on this file and waits for the line that says where it listens.
    pub(crate) fn start(database: &Path) -> Service {
        Service::start_with(database, &[])
    }

    pub(crate) fn start_with(database: &Path, environment: &[(&str, &str)]) -> Service {
        Service::start_on(&format!("sqlite:{}", database.display()), environment)
    }

    /// Starts on any store.
    pub(crate) fn start_on(database_url: &str, environment: &[(&str, &str)]) -> Service {
        let environment = [&[("DATABASE_URL", database_url)], environment].concat();
        Service::start_by(binary(), &environment, |_| ())
    }

    /// Starts by this command; `hear` is given each line of the log until the service has started.
    pub(crate) fn start_by(
        mut command: Command,
        environment: &[(&str, &str)],
        mut hear: impl FnMut(&str),
    ) -> Service {
        let start = Instant::now();
        let mut child = command
            .env("HTTP_LISTEN_ADDR", "127.0.0.1:0")
            .env("GRPC_LISTEN_ADDR", "127.0.0.1:0")
            .env("MGMT_LISTEN_ADDR", "127.0.0.1:0")
            .env("LOG_FORMAT", "json")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log = Arc::new(Mutex::new(VecDeque::new()));
        let started = lines.by_ref().map(Result::unwrap).find(|line| {
            log.lock().unwrap().push_back(line.clone());
            hear(line);
            line.contains("\"message\":\"started\"")
        });
        let started_in = start.elapsed();
        let Some(started) = started else {
            panic!("the service did not start: {:#?}", log.lock().unwrap());
        };
        let kept = Arc::clone(&log);
        let reader = std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                kept.lock().unwrap().push_back(line);
            }
        });
        let started: serde_json::Value = serde_json::from_str(&started).unwrap();
        let address = |field: &str| started[field].as_str().unwrap().parse().unwrap();
        Service {
            child,
            log,
            reader: Some(reader),
            rest: address("rest"),
            grpc: address("grpc"),
            management: address("management"),
            started_in,
        }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.rest)
    }

    pub(crate) fn log(&self) -> String {
        self.log
            .lock()
            .unwrap()
            .iter()
            .map(|line| line.clone() + "\n")
            .collect()
    }

    /// Waits until the log has a line with all of these words: it comes by a pipe, a little later
    /// than the answer that it is about.
    pub(crate) fn wait_for_log(&self, words: &[&str]) {
        let start = Instant::now();
        let has = |line: &str| words.iter().all(|word| line.contains(word));
        while !self.log().lines().any(has) {
            assert!(
                start.elapsed() < PATIENCE,
                "no line with {words:?} in:\n{}",
                self.log()
            );
            std::thread::yield_now();
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name: `TERM`, `KILL`.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.pid().to_string())
            .status();
        assert!(status.unwrap().success());
    }

    /// Waits for the end of the process.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                // Its last words are in the pipe still.
                self.reader.take().unwrap().join().unwrap();
                return (status, self.log());
            }
            assert!(
                start.elapsed() < PATIENCE,
                "the service does not end: {}",
                self.log()
            );
            // Others work meanwhile: a loop that never rests would take a core from them.
            std::thread::sleep(LOOK);
        }
    }

    /// Resident memory now, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder and the database's path in it.
pub(crate) fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("orders.db");
    (folder, database)
}
