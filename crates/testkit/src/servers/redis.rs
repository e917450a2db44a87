//! A real Redis (7 or newer, from Debian) on a free port of the loopback, gone with the test. It
//! keeps nothing over a stop, as a cache does, unless a test's settings say so.

use super::certificates::Certificate;
use super::cpu::cpu_millis;
use super::offspring::unprivileged;
use super::place::{Place, free_ports, home, program, write};
use super::process::{LOOK, Process};
use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// How long a start may take on the slowest machine.
const START_SECONDS: u64 = 60;
/// Whom this crate's own questions come from, over the Unix socket.
const ADMINISTRATOR: &str = "testkit";

/// Somebody who may sign in.
#[derive(Clone, Debug)]
pub struct User {
    /// Their name.
    pub name: &'static str,
    /// Their password.
    pub password: &'static str,
    /// What they may do, as in an ACL file: `~orders:* +@all -@dangerous`.
    pub rules: &'static str,
}

/// How a server is run.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Who may sign in; then nobody may do anything without. Empty: everybody may do everything.
    pub acl: Vec<User>,
    /// Clients speak TLS, and nothing else.
    pub tls: Option<Certificate>,
    /// Further settings, as in redis.conf.
    pub settings: Vec<(&'static str, &'static str)>,
}

/// A server. Dropping it kills it and deletes its data.
#[derive(Debug)]
pub struct Redis {
    server: PathBuf,
    client: PathBuf,
    port: u16,
    options: Options,
    process: Process,
    // After the process: a folder is deleted when nobody writes to it any more.
    place: Place,
}

impl Redis {
    /// A server of its own, empty.
    pub fn start(options: Options) -> Redis {
        let [port] = free_ports();
        let redis = Redis {
            server: program("redis-server", "redis-server"),
            client: program("redis-cli", "redis-tools"),
            port,
            options,
            process: Process::default(),
            place: Place::new(&home("redis")),
        };
        redis.start_again();
        redis
    }

    /// The server of all tests of this process that give their keys names of their own.
    pub fn shared() -> &'static Redis {
        static SHARED: OnceLock<Redis> = OnceLock::new();
        SHARED.get_or_init(|| Redis::start(Options::default()))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// For clients, signed in as the first user, if there are users.
    pub fn url(&self) -> String {
        self.url_at(self.address())
    }

    /// As [`Redis::url`], by another way to it, such as a [`Proxy`](super::Proxy).
    pub fn url_at(&self, address: SocketAddr) -> String {
        let scheme = match self.options.tls {
            Some(_) => "rediss",
            None => "redis",
        };
        let user = self.options.acl.first();
        let user = user.map(|user| format!("{}:{}@", user.name, user.password));
        format!("{scheme}://{}{address}/0", user.unwrap_or_default())
    }

    /// Asks as an administrator, by `redis-cli`; the answer as that prints it, without the line's end.
    /// Does not pass the port that clients use. Fails the test where the server does not answer.
    pub fn ask(&self, words: &[&str]) -> String {
        let output = self.question(words).output().expect("redis-cli starts");
        let said = String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned();
        assert!(
            output.status.success(),
            "Redis does not answer {words:?}: {said}{}\n{}",
            String::from_utf8_lossy(&output.stderr),
            self.log()
        );
        said
    }

    /// FLUSHALL: everything is forgotten.
    pub fn flush(&self) {
        let said = self.ask(&["FLUSHALL", "SYNC"]);
        assert!(said == "OK", "{said}");
    }

    /// SIGKILL.
    pub fn kill9(&self) {
        self.process.kill9();
    }

    /// SIGTERM.
    pub fn stop(&self) {
        assert!(self.process.stop(), "Redis does not stop: {}", self.log());
    }

    /// Starts what was stopped or killed, on the same port; returns when it answers. That port may be
    /// somebody's for a moment, so it is tried again.
    pub fn start_again(&self) {
        self.process.start(self.command());
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(START_SECONDS) {
            if !self.process.answers() {
                self.process.kill9();
                self.process.start(self.command());
            }
            let output = self.question(&["PING"]).output().expect("redis-cli starts");
            if output.stdout == b"PONG\n" {
                return;
            }
            std::thread::sleep(LOOK);
        }
        panic!("Redis does not start: {}", self.log());
    }

    /// SIGSTOP: connections stay open, and nothing answers.
    pub fn pause(&self) {
        self.process.pause();
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.process.resume();
    }

    /// What it has logged, over all its starts.
    pub fn log(&self) -> String {
        fs::read_to_string(self.file("log")).unwrap_or_default()
    }

    /// CPU time so far.
    pub fn cpu_millis(&self) -> u64 {
        self.process.pid().map_or(0, cpu_millis)
    }

    fn question(&self, words: &[&str]) -> Command {
        let mut client = Command::new(&self.client);
        client.arg("-s").arg(self.file("socket"));
        if !self.options.acl.is_empty() {
            client.args(["--user", ADMINISTRATOR]);
            client.env("REDISCLI_AUTH", ADMINISTRATOR);
        }
        client.args(words);
        client
    }

    fn command(&self) -> Command {
        let file = self.file("settings");
        write(&file, self.settings());
        let log = || {
            let mut options = fs::File::options();
            let log = options.create(true).append(true).open(self.file("log"));
            log.expect("the log can be written")
        };
        let mut command = unprivileged(&self.server);
        command
            .arg(file)
            .stdin(Stdio::null())
            .stdout(log())
            .stderr(log());
        command
    }

    /// As redis.conf has them; a later line of the same name wins.
    fn settings(&self) -> String {
        let mut text = String::new();
        let mut set = |name: &str, value: &dyn std::fmt::Display| {
            writeln!(text, "{name} {value}").expect("memory takes any text");
        };
        set("bind", &"127.0.0.1");
        set("dir", &self.place.path().display());
        set("unixsocket", &self.file("socket").display());
        set("save", &"\"\"");
        let plain = self.port * u16::from(self.options.tls.is_none());
        set("port", &plain);
        if let Some(certificate) = &self.options.tls {
            set("tls-port", &self.port);
            set("tls-cert-file", &certificate.certificate.display());
            set("tls-key-file", &certificate.key.display());
            set("tls-ca-cert-file", &certificate.authority.display());
            set("tls-auth-clients", &"no");
        }
        if !self.options.acl.is_empty() {
            set("user", &"default off");
            set(
                "user",
                &format_args!("{ADMINISTRATOR} on >{ADMINISTRATOR} ~* &* +@all"),
            );
        }
        for user in &self.options.acl {
            let (name, password, rules) = (user.name, user.password, user.rules);
            set("user", &format_args!("{name} on >{password} {rules}"));
        }
        for (name, value) in &self.options.settings {
            set(name, value);
        }
        text
    }

    fn file(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }
}
