//! Kafka's programs: Maven fetches them once into the cache. From them are made, once for each user
//! and version, an empty log for each broker and an archive of loaded classes, which takes a second
//! of CPU off each start.

use super::broker::Broker;
use super::settings::{Ports, Settings};
use crate::servers::install::{make_folder, run};
use crate::servers::offspring::{is_root, unprivileged};
use crate::servers::place::{Place, cache, home, program, write};
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is fetched.
const VERSION: &str = "4.3.1";
/// Writes Kafka's log to standard error; Kafka itself brings nothing that writes it.
const LOGGER_VERSION: &str = "1.7.36";
/// How many brokers a cluster may have.
pub(crate) const CLUSTER_MOST_BROKERS: u32 = 2;

/// Programs and empty logs, ready to be copied.
#[derive(Clone, Debug)]
pub(crate) struct Installation {
    java: PathBuf,
    classpath: OsString,
    folder: PathBuf,
}

impl Installation {
    /// Gets what is missing. One process at a time does; the others wait.
    pub(crate) fn get() -> Installation {
        let java = program("java", "default-jre-headless (Java 17 or newer)");
        let (cache, home) = (cache().join(format!("kafka-{VERSION}")), home("kafka"));
        fs::create_dir_all(&cache).expect("the cache is writable");
        let lock = File::create(cache.join("lock")).expect("the cache is writable");
        lock.lock().expect("the cache can be locked");

        let programs = reachable(&fetch(&cache), &home);
        let installation = Installation {
            java,
            classpath: classpath(&programs),
            folder: home,
        };
        installation.make_templates();
        installation.make_archive();
        installation
    }

    /// Where clusters are made.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The empty log of one broker.
    pub(crate) fn template(&self, broker: u32) -> PathBuf {
        self.folder.join(format!("template-{VERSION}-{broker}"))
    }

    /// A class of Kafka's, as a user that is not root, with memory for a test's messages.
    pub(crate) fn java(&self, folder: &Path, flags: &[&str]) -> Command {
        let mut java = unprivileged(&self.java);
        java.current_dir(folder);
        // One compiler thread's quick code: a test is over before the slow compiler has paid off.
        java.args(["-Xms64m", "-Xmx512m", "-XX:+UseSerialGC"])
            .args(["-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"])
            .arg("-Dorg.slf4j.simpleLogger.showDateTime=true")
            .arg("-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS")
            .arg(format!("-Djava.io.tmpdir={}", folder.display()))
            .args(flags)
            .arg("-cp")
            .arg(&self.classpath);
        java
    }

    /// The flag that takes the archive; a JVM that does not know it goes on without.
    pub(crate) fn archive_flag(&self) -> String {
        format!("-XX:SharedArchiveFile={}", self.archive().display())
    }

    fn archive(&self) -> PathBuf {
        self.folder.join(format!("classes-{VERSION}.jsa"))
    }

    fn make_templates(&self) {
        for broker in 1..=CLUSTER_MOST_BROKERS {
            let template = self.template(broker);
            if template.join("meta.properties").exists() {
                continue;
            }
            let unfinished = template.with_extension("unfinished");
            _ = fs::remove_dir_all(&unfinished);
            make_folder(&unfinished);
            let place = Place::new(&self.folder);
            let settings = place.path().join("settings");
            let text = Settings::smallest(broker).text(&unfinished);
            write(&settings, text);
            run(self
                .java(place.path(), &[])
                .args(["kafka.tools.StorageTool", "format", "--cluster-id"])
                .args(["AAAAAAAAAAAAAAAAAAAAAA", "--config"])
                .arg(&settings));
            fs::rename(&unfinished, &template).expect("the template gets its name");
        }
    }

    /// A broker starts and stops; the JVM writes down what it had loaded.
    fn make_archive(&self) {
        if self.archive().exists() {
            return;
        }
        let unfinished = self.folder.join("classes.unfinished");
        let place = Place::new(&self.folder);
        let settings = Settings::of(1, 1, Ports::free());
        let broker = Broker::new(self.clone(), place.path(), settings);
        broker.launch_with(&format!(
            "-XX:ArchiveClassesAtExit={}",
            unfinished.display()
        ));
        broker.wait();
        broker.stop();
        fs::rename(&unfinished, self.archive()).expect("the archive gets its name");
    }
}

/// The programs in the cache.
fn fetch(cache: &Path) -> PathBuf {
    let (programs, complete) = (cache.join("programs"), cache.join("complete"));
    if complete.exists() {
        return programs;
    }
    let dependency = |group: &str, artifact: &str, version: &str| {
        format!(
            "<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>\
             <version>{version}</version></dependency>"
        )
    };
    let project = format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion>\
         <groupId>order-service</groupId><artifactId>kafka</artifactId><version>1</version>\
         <packaging>pom</packaging><dependencies>{}{}</dependencies></project>",
        dependency("org.apache.kafka", "kafka_2.13", VERSION),
        dependency("org.slf4j", "slf4j-simple", LOGGER_VERSION),
    );
    fs::write(cache.join("pom.xml"), project).expect("the cache is writable");
    run(Command::new(program("mvn", "maven"))
        .args(["--quiet", "--batch-mode", "dependency:copy-dependencies"])
        .arg(format!("-DoutputDirectory={}", programs.display()))
        .current_dir(cache));
    fs::write(&complete, VERSION).expect("the cache is writable");
    programs
}

/// The programs where the unprivileged user can reach them: root's own folder is closed to it.
fn reachable(programs: &Path, home: &Path) -> PathBuf {
    if !is_root() {
        return programs.to_owned();
    }
    let copy = home.join(format!("programs-{VERSION}"));
    if !copy.exists() {
        let unfinished = copy.with_extension("unfinished");
        _ = fs::remove_dir_all(&unfinished);
        run(Command::new("cp").arg("-r").arg(programs).arg(&unfinished));
        fs::rename(&unfinished, &copy).expect("the programs get their name");
    }
    copy
}

/// Each file by its name and always in one order: the archive of classes holds for that one only.
fn classpath(programs: &Path) -> OsString {
    let entries = fs::read_dir(programs).expect("the programs can be listed");
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    std::env::join_paths(files).expect("no colon in the folder's name")
}
