//! The service in a pod, as the manifests run it: uid 65534, no capability, a root that cannot be written.

use crate::network::{Network, Pod};
use crate::observer::{agent, page};
use crate::peers::Peers;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What each container of the pod begins with: its program, its name server, a root that cannot be written, a folder
/// for what is written all the same, and nothing that it is allowed beyond any other user.
const CONTAINER: &str = "mount --bind \"$0\" \"$2\" && mount --bind \"$1\" /etc/resolv.conf && \
    mount -o remount,bind,ro / && \
    mount -t tmpfs -o mode=1777 tmpfs /tmp && \
    exec setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all \
    --no-new-privs --pdeathsig KILL -- \"$2\" \"${@:3}\"";
/// How long a start may take on the slowest machine.
const PATIENCE: Duration = Duration::from_mins(1);
const LOOK: Duration = Duration::from_millis(20);

/// A running service.
#[derive(Debug)]
pub struct Service {
    child: Child,
    folder: TempDir,
}

/// How a service is started.
#[derive(Debug)]
pub struct Container<'a> {
    /// The program.
    pub(crate) program: &'a Path,
    /// The plane by which names are asked for.
    pub(crate) names_by: Network,
    /// Further settings.
    pub(crate) settings: Vec<(&'static str, String)>,
    /// The command, and what it is told; empty: it serves.
    pub(crate) arguments: Vec<String>,
}

impl Service {
    /// Starts it in the pod, each adapter bound to its interface; serves when this returns.
    pub(crate) fn start(pod: &Pod, peers: &Peers, container: &Container<'_>) -> Service {
        let mut service = Service::launch(pod, peers, container);
        let started = Instant::now();
        while !service.log().contains("\"message\":\"started\"") {
            let ended = service.ended();
            assert!(
                ended.is_none() && started.elapsed() < PATIENCE,
                "the service does not start ({ended:?}):\n{}",
                service.log()
            );
            std::thread::sleep(LOOK);
        }
        service
    }

    /// Starts it, and waits for nothing.
    pub(crate) fn launch(pod: &Pod, peers: &Peers, container: &Container<'_>) -> Service {
        let (mut command, folder) = Service::command(pod, peers, container);
        let log = File::create(folder.path().join("log")).expect("the log can be made");
        command.stdout(Stdio::null()).stderr(log);
        let child = command
            .spawn()
            .expect("unshare (Debian: util-linux) can be started");
        Service { child, folder }
    }

    /// Runs it to its end, and answers what it printed and said.
    pub(crate) fn run(pod: &Pod, peers: &Peers, container: &Container<'_>) -> Output {
        let (mut command, _folder) = Service::command(pod, peers, container);
        command
            .output()
            .expect("unshare (Debian: util-linux) can be started")
    }

    /// Its command, to be started once; the folder is its own and goes with the answer.
    pub(crate) fn command(
        pod: &Pod,
        peers: &Peers,
        container: &Container<'_>,
    ) -> (Command, TempDir) {
        // Not in /tmp, which the container has of its own.
        let folder = tempfile::tempdir_in("/run").expect("a folder for the container can be made");
        let open = Permissions::from_mode(0o755);
        fs::set_permissions(folder.path(), open).expect("one's own folder can be opened to others");
        let file = |name: &str| folder.path().join(name);
        fs::copy(peers.authority.certificate(), file("ca.pem"))
            .expect("the authority's certificate can be copied");
        let plane = match container.names_by {
            Network::Default => "default",
            _ => "data",
        };
        let names = format!("nameserver {}\n", Peers::name_server(container.names_by));
        fs::write(file("resolv.conf"), names).expect("a file can be written");
        // The program is bound to it: where it is, the container may have something else.
        File::create(file("order-service")).expect("a file can be made");
        fs::write(file("network-status"), pod.network_status()).expect("a file can be written");
        let mut command = pod.namespace.command("unshare");
        command
            .args([
                "--mount",
                "--propagation",
                "private",
                "bash",
                "-c",
                CONTAINER,
            ])
            .arg(container.program)
            .arg(file("resolv.conf"))
            .arg(file("order-service"))
            .args(&container.arguments)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .envs([
                ("LOG_FORMAT", "json"),
                ("DNS_PLANE", plane),
                ("PLANE_WAIT", "10s"),
            ])
            .envs([
                ("DEFAULT_INTERFACE", "eth0"),
                ("MGMT_INTERFACE", "net1"),
                ("DATA_INTERFACE", "net2"),
                ("STORAGE_INTERFACE", "net3"),
            ])
            .env("DATABASE_TLS_CA_FILE", file("ca.pem"))
            .envs(peers.environment())
            .envs(container.settings.iter().map(|(name, value)| (name, value)))
            .env("NETWORK_STATUS_FILE", file("network-status"))
            .stdin(Stdio::null());
        (command, folder)
    }

    /// What it has said.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The line of `/proc/PID/status` with this name.
    pub(crate) fn status(&self, name: &str) -> String {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        let value = status
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value
            .unwrap_or_default()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Whether it has ended, and how.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be asked")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// The numbers of a metric, as the scraper reads them; `None`: it was not answered.
pub(crate) fn metric(peers: &Peers, pod: &Pod, name: &str) -> Option<Vec<(String, f64)>> {
    let url = format!("http://{}:9091/metrics", pod.address(Network::Management));
    let text = peers.scraper.inside(|| page(&agent(), &url)).ok()?;
    let number = |line: &str| {
        let (labels, value) = line.strip_prefix(name)?.rsplit_once(' ')?;
        let is_it = labels.is_empty() || labels.starts_with('{');
        is_it.then_some(())?;
        Some((labels.to_owned(), value.parse().ok()?))
    };
    Some(text.lines().filter_map(number).collect())
}
