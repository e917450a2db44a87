//! Gets the tools that a task needs: takes what is installed, else fetches into our own cache,
//! else, as root on Debian, installs the package and says so, else names exactly what to install.

mod go;
pub(crate) mod npm;

pub(crate) use go::KUSTOMIZE;
pub(crate) use npm::{BUF, NPM};

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::commands::{Failure, Outcome};
use crate::{environment, steps};

/// A cargo subcommand from the crate registry, at the version that this project was tried with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CargoTool {
    name: &'static str,
    version: &'static str,
}

/// Runs tests, each in a process of its own.
pub(crate) const NEXTEST: CargoTool = CargoTool {
    name: "cargo-nextest",
    version: "0.9.151",
};
/// Checks licences, sources and who may use which crate.
pub(crate) const DENY: CargoTool = CargoTool {
    name: "cargo-deny",
    version: "0.20.2",
};

/// A program that Debian packages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemTool {
    program: &'static str,
    package: &'static str,
    why: &'static str,
}

/// Makes interfaces and network namespaces.
pub(crate) const IP: SystemTool = SystemTool {
    program: "ip",
    package: "iproute2",
    why: "the tests of the planes make network interfaces",
};
/// Enters a new network namespace.
pub(crate) const UNSHARE: SystemTool = SystemTool {
    program: "unshare",
    package: "util-linux",
    why: "the tests of the planes run in network namespaces",
};
/// Runs the independent checks and the tools written in Python.
pub(crate) const PYTHON: SystemTool = SystemTool {
    program: "python3",
    package: "python3",
    why: "imports are checked by an independent script",
};
/// Runs the tests in a browser.
pub(crate) const NODE: SystemTool = SystemTool {
    program: "node",
    package: "nodejs",
    why: "the tests in a browser and the reading of docs/asyncapi.json are written for Node.js",
};
/// Shows the dashboard.
pub(crate) const CHROMIUM: SystemTool = SystemTool {
    program: "chromium",
    package: "chromium",
    why: "the dashboard is tried in a real browser",
};
/// Runs servers as a user that is not root.
pub(crate) const SETPRIV: SystemTool = SystemTool {
    program: "setpriv",
    package: "util-linux",
    why: "PostgreSQL refuses to run as root",
};
/// Builds the gRPC client of the tests.
pub(crate) const GO: SystemTool = SystemTool {
    program: "go",
    package: "golang-go",
    why: "the tests call the service by grpcurl, which is built by Go",
};
/// Fetches Kafka.
pub(crate) const MAVEN: SystemTool = SystemTool {
    program: "mvn",
    package: "maven",
    why: "the Kafka of the tests comes from Maven",
};
/// Runs Kafka.
pub(crate) const JAVA: SystemTool = SystemTool {
    program: "java",
    package: "default-jre-headless",
    why: "Kafka runs on Java",
};
/// The Redis of the tests.
pub(crate) const REDIS: SystemTool = SystemTool {
    program: "redis-server",
    package: "redis-server",
    why: "the tests start a Redis of their own",
};
/// Writes to Kafka and reads from it as its other users do.
pub(crate) const KCAT: SystemTool = SystemTool {
    program: "kcat",
    package: "kcat",
    why: "the tests send facts to Kafka by it",
};
/// Finds libraries for the compiler.
const PKG_CONFIG: SystemTool = SystemTool {
    program: "pkg-config",
    package: "pkg-config",
    why: "the build finds OpenSSL, which librdkafka links, by it",
};
/// Takes the version before from the history.
pub(crate) const GIT: SystemTool = SystemTool {
    program: "git",
    package: "git",
    why: "the version before is taken from the history",
};
/// Makes certificates.
pub(crate) const OPENSSL: SystemTool = SystemTool {
    program: "openssl",
    package: "openssl",
    why: "the tests make certificates of their own",
};
/// The yardstick of the benchmark.
pub(crate) const PGBENCH: SystemTool = SystemTool {
    program: "pgbench",
    package: "postgresql-contrib",
    why: "the benchmark is measured against pgbench",
};
/// Makes the databases of the benchmark.
pub(crate) const PSQL: SystemTool = SystemTool {
    program: "psql",
    package: "postgresql-client",
    why: "databases are made by the benchmark and asked by the lab with it",
};

/// Captures what goes by the networks of the lab.
pub(crate) const TCPDUMP: SystemTool = SystemTool {
    program: "tcpdump",
    package: "tcpdump",
    why: "the lab captures every network",
};
/// The name servers of the lab.
pub(crate) const DNSMASQ: SystemTool = SystemTool {
    program: "dnsmasq",
    package: "dnsmasq-base",
    why: "names are asked for in the lab",
};
/// Checks metrics and alert rules, and fires the alerts for real.
pub(crate) const PROMTOOL: SystemTool = SystemTool {
    program: "promtool",
    package: "prometheus",
    why: "metrics and alert rules are checked by it, and tests start a Prometheus of their own",
};
/// Where Debian keeps the plugins of the Container Network Interface.
pub(crate) const CNI_PLUGINS: &str = "/usr/lib/cni";

impl CargoTool {
    /// A command that runs the tool: from `PATH`, else from our cache, built there at need.
    pub(crate) fn get(self) -> Result<Command, Failure> {
        if let Some(found) = environment::find_program(self.name) {
            return Ok(environment::as_by_hand(found));
        }
        let root = environment::cache()?.join("tools");
        let cached = root.join("bin").join(self.name);
        if !cached.is_file() {
            println!(
                "{} {} is not installed; building it into {}",
                self.name,
                self.version,
                root.display()
            );
            steps::run(&mut self.install(&root))?;
        }
        Ok(environment::as_by_hand(cached))
    }

    fn install(self, root: &Path) -> Command {
        let mut cargo = environment::cargo();
        cargo
            .args([
                "install",
                self.name,
                "--version",
                self.version,
                "--locked",
                "--root",
            ])
            .arg(root);
        cargo
    }
}

impl SystemTool {
    /// Where the program is, installing its package at need.
    pub(crate) fn get(self) -> Result<PathBuf, Failure> {
        if let Some(found) = environment::find_program(self.program) {
            return Ok(found);
        }
        println!("`{}` is missing: {}", self.program, self.why);
        install_package(self.package)?;
        environment::find_program(self.program).ok_or_else(|| {
            Failure::Failed(format!(
                "package {} came without `{}`",
                self.package, self.program
            ))
        })
    }
}

/// Installs a Debian package as root and says so; else names what to install.
pub(crate) fn install_package(package: &str) -> Outcome {
    let Some(apt) = environment::find_program("apt-get").filter(|_| environment::is_root()) else {
        return Err(Failure::Failed(format!(
            "install {package} (on Debian or Ubuntu: `sudo apt-get install {package}`) and run this again"
        )));
    };
    println!("installing the Debian package {package} by apt-get");
    let apt_get = |arguments: &[&str]| {
        let mut command = Command::new(&apt);
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(arguments);
        command
    };
    let install = ["install", "--yes", "--no-install-recommends", package];
    // Package lists may be old or, in a container, missing: fetched only when they do not serve.
    if steps::run(&mut apt_get(&install)).is_ok() {
        return Ok(());
    }
    steps::run(&mut apt_get(&["update"]))?;
    steps::run(&mut apt_get(&install))
}

/// What building the service takes beside Rust and a C compiler; asked before anything is built.
pub(crate) fn require_libraries() -> Outcome {
    let pkg_config = PKG_CONFIG.get()?;
    let found = Command::new(pkg_config)
        .args(["--exists", "openssl"])
        .status()
        .map_err(|error| Failure::while_doing("cannot start `pkg-config`", error))?;
    if found.success() {
        return Ok(());
    }
    println!("OpenSSL's headers are missing: librdkafka links it");
    install_package("libssl-dev")
}

/// Fails, with what to do, where a network namespace cannot be made: the tests of the planes need
/// one each, and a test that cannot run is never skipped.
pub(crate) fn require_network_namespaces() -> Outcome {
    let unshare = UNSHARE.get()?;
    let tried = Command::new(unshare)
        .args(["--net", "true"])
        .stderr(Stdio::null())
        .status()
        .map_err(|error| Failure::while_doing("cannot start `unshare`", error))?;
    if tried.success() {
        return Ok(());
    }
    Err(Failure::Failed(format!(
        "the tests of the planes make network namespaces, which this {} may not: {}",
        if environment::is_root() {
            "container"
        } else {
            "user"
        },
        if environment::is_root() {
            "give it CAP_SYS_ADMIN and CAP_NET_ADMIN (docker run --privileged)"
        } else {
            "run it as root (sudo --preserve-env=PATH,HOME cargo xtask test)"
        }
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_install_is_pinned_and_locked() {
        let install = NEXTEST.install(Path::new("/cache"));
        let arguments: Vec<_> = install.get_args().map(|a| a.to_string_lossy()).collect();
        assert_eq!(
            arguments,
            [
                "install",
                "cargo-nextest",
                "--version",
                "0.9.151",
                "--locked",
                "--root",
                "/cache"
            ]
        );
    }

    #[test]
    fn what_is_installed_is_taken() {
        let shell = SystemTool {
            program: "sh",
            package: "dash",
            why: "",
        };
        assert!(shell.get().unwrap().ends_with("sh"));
    }
}
