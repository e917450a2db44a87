//! The service in a pod, as the manifests run it: uid 65534, no capability, a root that cannot be written.

use crate::network::Pod;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// What each container of the pod begins with: a root that cannot be written, a folder for what is
/// written all the same, and nothing that it is allowed beyond any other user.
const CONTAINER: &str = "mount -o remount,bind,ro / && mount -t tmpfs -o mode=1777 tmpfs /tmp && exec \
    setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs \
    -- \"$0\" \"$@\"";
/// How long a start or a condition may take on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(20);

/// A running service.
#[derive(Debug)]
pub struct Service {
    child: Child,
    log: PathBuf,
    _folder: TempDir,
}

impl Service {
    /// Starts `program` in the pod, each adapter bound to its interface; serves when this returns.
    pub fn start(pod: &Pod, program: &Path, environment: &[(&'static str, String)]) -> Service {
        let folder = tempfile::tempdir().expect("a folder for the log can be made");
        let log = folder.path().join("log");
        let file = File::create(&log).expect("the log can be made");
        let mut command = pod.namespace.command("unshare");
        command
            .args(["--mount", "--propagation", "private", "sh", "-c", CONTAINER])
            .arg(program)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("LOG_FORMAT", "json")
            .envs([
                ("DEFAULT_INTERFACE", "eth0"),
                ("MGMT_INTERFACE", "net1"),
                ("DATA_INTERFACE", "net2"),
                ("STORAGE_INTERFACE", "net3"),
            ])
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file);
        let child = command
            .spawn()
            .expect("unshare (Debian: util-linux) can be started");
        let service = Service {
            child,
            log,
            _folder: folder,
        };
        service.until_logged("\"message\":\"started\"");
        service
    }

    /// What it has said.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the log holds these words; answers how long that took.
    pub fn until_logged(&self, words: &str) -> Duration {
        let started = Instant::now();
        while !self.log().contains(words) {
            assert!(
                started.elapsed() < PATIENCE,
                "no {words:?} in:\n{}",
                self.log()
            );
            std::thread::sleep(LOOK);
        }
        started.elapsed()
    }

    /// Lines of /proc/PID/status that begin with this.
    pub fn status(&self, begin: &str) -> String {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        status
            .lines()
            .filter(|line| line.starts_with(begin))
            .collect()
    }

    /// Whether it has ended, and how.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be asked")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
