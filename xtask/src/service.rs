//! A service of our own for one task: started on free ports with a store of its own, waited for,
//! stopped by its process id.
//!
//! This is the one file of `xtask` that opens sockets: on loopback, beside the service, never in it.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::commands::{Failure, Outcome};
use crate::metadata::Workspace;
use crate::steps;

/// How long a service may take until `/readyz` answers 200.
const READY_TIMEOUT_SECONDS: u64 = 30;
/// How long it may take to stop after SIGTERM before it is killed.
const STOP_TIMEOUT_SECONDS: u64 = 20;
/// How long one probe may wait for its answer.
const PROBE_TIMEOUT_MILLISECONDS: u64 = 1000;
/// The pause between two looks at something that is not there yet.
const POLL_MILLISECONDS: u64 = 5;
/// How much of the log a failure shows.
const LOG_TAIL_LINES: usize = 30;

/// A running service; dropping it kills it and removes its folder.
pub(crate) struct Service {
    child: Child,
    folder: PathBuf,
    http: SocketAddr,
    grpc: SocketAddr,
    /// From the start of the process to the first 200 of `/readyz`.
    pub(crate) ready_after: Duration,
}

impl Service {
    /// Starts `binary` for `task` below the target folder, on the disk that the build uses. Orders go to
    /// the database at `database_url`, or to an embedded store of its own.
    pub(crate) fn start(
        workspace: &Workspace,
        binary: &Path,
        task: &str,
        database_url: Option<String>,
        settings: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        let folder = workspace
            .target
            .join("xtask")
            .join(format!("{task}-{}", std::process::id()));
        let io =
            |error| Failure::while_doing(format!("cannot prepare {}", folder.display()), error);
        std::fs::create_dir_all(&folder).map_err(io)?;
        let log = File::create(folder.join("service.log")).map_err(io)?;
        let errors = log.try_clone().map_err(io)?;
        let [http, grpc, management] = free_ports().map_err(io)?;
        let embedded = || format!("sqlite:{}", folder.join("orders.db").display());
        let started = Instant::now();
        let child = Command::new(binary)
            .arg("serve")
            .env("HTTP_LISTEN_ADDR", http.to_string())
            .env("GRPC_LISTEN_ADDR", grpc.to_string())
            .env("MGMT_LISTEN_ADDR", management.to_string())
            .env("DATABASE_URL", database_url.unwrap_or_else(embedded))
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(|error| {
                Failure::while_doing(format!("cannot start {}", binary.display()), error)
            })?;
        let mut service = Self {
            child,
            folder,
            http,
            grpc,
            ready_after: Duration::ZERO,
        };
        service.wait_until_ready(started)?;
        Ok(service)
    }

    /// Where REST is served, without a slash at the end.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.http)
    }

    /// Where gRPC is served.
    pub(crate) fn grpc_url(&self) -> String {
        format!("http://{}", self.grpc)
    }

    /// Lets the peak of the resident memory begin anew (proc(5), `clear_refs`).
    pub(crate) fn forget_peak(&self) -> Outcome {
        let path = format!("/proc/{}/clear_refs", self.pid());
        std::fs::write(&path, "5").map_err(|error| Failure::while_doing(&path, error))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A folder for the task's own files; it goes when the service goes.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Asks the service to stop and waits; an exit code other than 0 is a failure.
    pub(crate) fn stop(mut self) -> Result<(), Failure> {
        let pid = self.pid().to_string();
        steps::output(Command::new("kill").args(["-TERM", &pid]))?;
        let deadline = Instant::now() + Duration::from_secs(STOP_TIMEOUT_SECONDS);
        while Instant::now() < deadline {
            match self.child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => return Err(self.failure(&format!("it ended with {status}"))),
                Ok(None) => pause(),
                Err(error) => {
                    return Err(Failure::while_doing("cannot wait for the service", error));
                }
            }
        }
        Err(self.failure(&format!(
            "it did not stop within {STOP_TIMEOUT_SECONDS} s of SIGTERM"
        )))
    }

    fn wait_until_ready(&mut self, started: Instant) -> Result<(), Failure> {
        let deadline = started + Duration::from_secs(READY_TIMEOUT_SECONDS);
        while Instant::now() < deadline {
            if is_ready(self.http) {
                self.ready_after = started.elapsed();
                return Ok(());
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(self.failure(&format!("it ended at once with {status}")));
            }
            pause();
        }
        Err(self.failure(&format!(
            "/readyz did not answer 200 within {READY_TIMEOUT_SECONDS} s"
        )))
    }

    fn failure(&self, what: &str) -> Failure {
        let log = std::fs::read_to_string(self.folder.join("service.log")).unwrap_or_default();
        Failure::Failed(format!(
            "the service failed: {what}; its log ends:\n{}",
            tail(&log)
        ))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Nothing more can be done about a process that is gone or a folder that stays.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn pause() {
    std::thread::sleep(Duration::from_millis(POLL_MILLISECONDS));
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
}

/// Ports that were free a moment ago, held together so that they differ.
#[expect(
    clippy::disallowed_methods,
    reason = "asks the kernel for free ports; carries no traffic"
)]
fn free_ports() -> std::io::Result<[SocketAddr; 3]> {
    let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let held = [bind()?, bind()?, bind()?];
    let [http, grpc, management] = &held;
    Ok([
        http.local_addr()?,
        grpc.local_addr()?,
        management.local_addr()?,
    ])
}

fn is_ready(address: SocketAddr) -> bool {
    status_of(address, "/readyz").is_ok_and(|status| status.starts_with("HTTP/1.1 200"))
}

/// The status line of a GET; enough of HTTP for a probe.
#[expect(
    clippy::disallowed_methods,
    reason = "probes a service on loopback from outside"
)]
fn status_of(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let timeout = Duration::from_millis(PROBE_TIMEOUT_MILLISECONDS);
    let mut stream = TcpStream::connect_timeout(&address, timeout)?;
    stream.set_read_timeout(Some(timeout))?;
    stream.set_write_timeout(Some(timeout))?;
    // In one piece: a request that arrives in several may be judged by its first.
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests play the service")]
mod tests {
    use super::*;

    /// Answers one request with `status` and returns where it listens.
    fn one_answer(status: &'static str) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 512];
            let _ = stream.read(&mut request).unwrap();
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").unwrap();
        });
        address
    }

    #[test]
    fn only_200_is_ready() {
        assert!(is_ready(one_answer("200 OK")));
        assert!(!is_ready(one_answer("503 Service Unavailable")));
    }

    #[test]
    fn a_closed_port_is_not_ready() {
        let [address, ..] = free_ports().unwrap();
        assert!(!is_ready(address));
    }

    #[test]
    fn free_ports_differ() {
        let [a, b, c] = free_ports().unwrap();
        assert!(a != b && b != c && a != c);
    }

    #[test]
    fn a_service_that_ends_at_once_shows_its_log() {
        let target = std::env::temp_dir().join(format!("xtask-service-{}", std::process::id()));
        let workspace = Workspace {
            root: ".".into(),
            target: target.clone(),
            members: Vec::new(),
            previous: None,
        };
        // `false serve` ends with 1; `ls serve` also says why.
        let result = Service::start(&workspace, Path::new("ls"), "unit", None, &[]);
        let Err(Failure::Failed(message)) = result.map(|_| ()) else {
            panic!("it cannot start")
        };
        assert!(message.contains("ended at once"), "{message}");
        assert!(message.contains("No such file"), "{message}");
        std::fs::remove_dir_all(target).unwrap();
    }
}
