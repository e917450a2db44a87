//! One broker: its process, its log, and whether it serves.

use super::install::Installation;
use super::settings::{Settings, loopback};
use super::wire;
use crate::servers::install::{make_folder, run};
use crate::servers::place::{apart, write};
use crate::servers::process::{LOOK, Process};
use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long a start may take on the slowest machine, two brokers at once.
const START_SECONDS: u64 = 180;

/// Its process and what belongs to it, in a folder that the cluster deletes.
#[derive(Debug)]
pub(crate) struct Broker {
    installation: Installation,
    folder: PathBuf,
    settings: Settings,
    process: Process,
}

impl Broker {
    /// Not started yet; its log is empty.
    pub(crate) fn new(installation: Installation, place: &Path, settings: Settings) -> Broker {
        let folder = place.join(settings.broker.to_string());
        make_folder(&folder);
        run(Command::new("cp")
            .args(["-r", "--preserve=mode,ownership"])
            .arg(installation.template(settings.broker))
            .arg(folder.join("data")));
        let broker = Broker {
            installation,
            folder,
            settings,
            process: Process::default(),
        };
        broker.name_the_cluster(place);
        broker
    }

    pub(crate) fn number(&self) -> u32 {
        self.settings.broker
    }

    pub(crate) fn advertised(&self) -> String {
        self.settings.told()
    }

    /// For questions of this crate.
    pub(crate) fn internal(&self) -> SocketAddr {
        loopback(self.settings.ports.internal)
    }

    pub(crate) fn process(&self) -> &Process {
        &self.process
    }

    /// What it has logged, over all its starts.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.file("log")).unwrap_or_default()
    }

    /// Starts it without waiting.
    pub(crate) fn launch(&self) {
        self.launch_with(&self.installation.archive_flag());
    }

    pub(crate) fn launch_with(&self, flag: &str) {
        self.process.start(self.command(flag));
    }

    /// Returns when it serves clients. Its port may be somebody's for a moment, or its old process
    /// not yet forgotten: where it ends by itself, it is started again.
    pub(crate) fn wait(&self) {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(START_SECONDS) {
            if !self.process.answers() {
                self.process.kill9();
                self.launch();
            }
            if self.serves() {
                return;
            }
            std::thread::sleep(LOOK);
        }
        let number = self.number();
        panic!("Kafka's broker {number} does not start: {}", self.log());
    }

    /// SIGTERM; it hands its partitions over and stops.
    pub(crate) fn stop(&self) {
        let number = self.number();
        assert!(
            self.process.stop(),
            "Kafka's broker {number} does not stop: {}",
            self.log()
        );
    }

    /// Whether the controller has let it in.
    fn serves(&self) -> bool {
        let (address, number) = (self.internal(), self.number());
        let known = apart(wire::metadata(address)).unwrap_or_default();
        known
            .brokers
            .iter()
            .any(|broker| u32::try_from(*broker) == Ok(number))
    }

    /// Clusters have names of their own, so that no broker ever joins a stranger on a port that was
    /// given away twice. A name is 16 bytes in base 64.
    fn name_the_cluster(&self, place: &Path) {
        let owner = place.file_name().unwrap_or_default().to_string_lossy();
        let name = owner.trim_start_matches("run-").replace('-', "_");
        let file = self.file("data/meta.properties");
        let lines = fs::read_to_string(&file).expect("the template has its properties");
        let lines = lines.lines().filter(|line| !line.starts_with("cluster.id"));
        let text: String = lines.flat_map(|line| [line, "\n"]).collect();
        write(&file, format!("{text}cluster.id={name:0>21}A\n"));
    }

    fn command(&self, flag: &str) -> Command {
        let settings = self.file("settings");
        let mut text = self.settings.text(&self.file("data"));
        if let Some(certificate) = &self.settings.certificate {
            let [key, chain] = [&certificate.key, &certificate.certificate]
                .map(|file| fs::read_to_string(file).expect("the certificate can be read"));
            let store = self.file("keystore.pem");
            write(&store, key + &chain);
            let (store, trusted) = (store.display(), certificate.authority.display());
            for (kind, file) in [("keystore", store), ("truststore", trusted)] {
                writeln!(text, "ssl.{kind}.type=PEM\nssl.{kind}.location={file}")
                    .expect("memory takes any text");
            }
        }
        write(&settings, text);
        let open = |name| {
            let mut options = fs::File::options();
            let file = options.create(true).append(true).open(self.file(name));
            file.expect("the log can be written")
        };
        let mut command = self.installation.java(&self.folder, &[flag]);
        command
            .arg("kafka.Kafka")
            .arg(settings)
            .stdin(Stdio::null())
            .stdout(open("log"))
            .stderr(open("log"));
        command
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}
