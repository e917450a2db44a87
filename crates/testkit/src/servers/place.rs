//! Where a server lives on this machine: the cache of what was fetched, a folder of its own that is
//! gone with the test, free ports of the loopback, and the programs that it needs.

use super::install::make_folder;
use super::offspring::{UNPRIVILEGED_UID, is_root, uid};
use planes::{ListenOptions, Plane, PlaneKind, listen};
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder below the temp folder, owned by the user whom servers run as. Dropping it deletes it;
/// what a killed process left, the next one deletes.
#[derive(Debug)]
pub(crate) struct Place(PathBuf);

impl Place {
    /// `run-PID-N` in `home`: the process tells whether anybody still needs it.
    pub(crate) fn new(home: &Path) -> Place {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        sweep(home);
        let count = COUNT.fetch_add(1, Ordering::SeqCst);
        let folder = home.join(format!("run-{}-{count}", std::process::id()));
        make_folder(&folder);
        Place(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Where the servers of one kind live, made if it is missing.
pub(crate) fn home(kind: &str) -> PathBuf {
    let home = std::env::temp_dir().join(format!("order-service-{kind}-{}", uid()));
    make_folder(&home);
    home
}

/// Writes a file that belongs to the user whom servers run as.
pub(crate) fn write(file: &Path, text: impl AsRef<[u8]>) {
    std::fs::write(file, text).expect("the folder is writable");
    if is_root() {
        let user = Some(UNPRIVILEGED_UID);
        std::os::unix::fs::chown(file, user, user).expect("root gives a file away");
    }
}

/// `$XDG_CACHE_HOME/order-service`, by default below the home folder.
pub(crate) fn cache() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").expect("HOME is set")).join(".cache");
    std::env::var_os("XDG_CACHE_HOME")
        .map_or_else(home, PathBuf::from)
        .join("order-service")
}

/// Where a program is. Without it the test fails with the package to install.
pub(crate) fn program(name: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| {
            panic!("`{name}` is not installed: install the Debian package {package}")
        })
}

/// Ports that nobody has, all different.
pub(crate) fn free_ports<const COUNT: usize>() -> [u16; COUNT] {
    apart(async {
        let plane = Plane::unbound(PlaneKind::Storage);
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        // Held together: a port that is given back at once may come again.
        let held = [(); COUNT].map(|()| {
            listen(&plane, any, ListenOptions::default()).expect("the loopback has a free port")
        });
        held.map(|listener| listener.local_addr().port())
    })
}

/// Runs to the end on a thread and a runtime of its own, since whoever calls may be inside a runtime.
pub(crate) fn apart<Out: Send>(work: impl Future<Output = Out> + Send) -> Out {
    let run = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime")
            .block_on(work)
    };
    std::thread::scope(|scope| scope.spawn(run).join()).expect("the thread ends by itself")
}

/// Deletes what processes left that were killed.
fn sweep(home: &Path) {
    for entry in std::fs::read_dir(home).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let rest = name.strip_prefix("run-");
        let pid = rest.and_then(|rest| rest.split('-').next());
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_gone_with_its_owner_and_a_dead_owners_with_the_next_one() {
        let home = home("place-test");
        // No process has a number above the kernel's largest (4,194,304).
        let orphan = home.join("run-4194305-0");
        make_folder(&orphan);
        let place = Place::new(&home);
        let (folder, other) = (place.path().to_owned(), Place::new(&home));
        assert!(folder.is_dir() && !orphan.exists());
        drop(place);
        assert!(!folder.exists() && other.path().is_dir());
    }

    #[test]
    fn free_ports_are_different() {
        let mut ports = free_ports::<20>().to_vec();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 20);
    }

    #[test]
    #[should_panic(expected = "`no-such-server` is not installed: install the Debian package that")]
    fn a_missing_program_names_its_package() {
        program("no-such-server", "that");
    }
}
