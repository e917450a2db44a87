//! The environment of this process: the only file of `xtask` that reads variables.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::commands::Failure;

/// The folder of this project's own cache: tools, virtual environments, data sets.
///
/// `$XDG_CACHE_HOME/order-service`, else `~/.cache/order-service`.
pub(crate) fn cache() -> Result<PathBuf, Failure> {
    cache_from(
        std::env::var("XDG_CACHE_HOME").ok(),
        std::env::var("HOME").ok(),
    )
    .ok_or_else(|| Failure::Failed("no place for the cache: set HOME or XDG_CACHE_HOME".to_owned()))
}

fn cache_from(xdg: Option<String>, home: Option<String>) -> Option<PathBuf> {
    // The XDG base directory specification: a relative path is invalid and to be ignored.
    let absolute = |path: String| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
    let base = xdg
        .and_then(absolute)
        .or_else(|| home.and_then(absolute).map(|home| home.join(".cache")));
    base.map(|base| base.join("order-service"))
}

/// Makes the workspace's root the working directory, wherever cargo was called from.
///
/// `cargo run` tells where our manifest is. The path at build time would be wrong where two clones
/// share a target folder. Called directly, we take the working directory for the root.
pub(crate) fn enter_workspace() -> Result<(), String> {
    let Some(manifest) = std::env::var_os("CARGO_MANIFEST_DIR") else {
        return Ok(());
    };
    let root = Path::new(&manifest).join("..");
    std::env::set_current_dir(&root)
        .map_err(|error| format!("cannot enter the workspace at {}: {error}", root.display()))
}

/// Where a program of this name lies in `PATH`, or in the folders of system programs, which the
/// `PATH` of a plain user lacks.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':')
        .chain(["/usr/sbin", "/sbin"])
        .filter(|folder| !folder.is_empty())
        .map(|folder| Path::new(folder).join(name))
        .find(|candidate| candidate.is_file())
}

/// `PATH` with this folder before all others.
pub(crate) fn path_with(folder: &Path) -> OsString {
    let mut path = folder.as_os_str().to_owned();
    if let Some(others) = std::env::var_os("PATH").filter(|others| !others.is_empty()) {
        path.push(":");
        path.push(others);
    }
    path
}

/// Whether this runs unattended: continuous integration services set `CI`.
pub(crate) fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false" && value != "0")
}

/// The cargo that runs us, so that one toolchain does everything.
pub(crate) fn cargo() -> Command {
    as_by_hand(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()))
}

/// A command without what `cargo run` told of our own package. Build scripts watch such variables
/// (ring's does), and would run anew whenever cargo is called by us and by hand in turn.
pub(crate) fn as_by_hand(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    let names = std::env::vars_os().map(|(name, _)| name);
    for name in names.filter(|name| is_of_our_package(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    command
}

fn is_of_our_package(name: &str) -> bool {
    [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_CRATE_",
        "CARGO_BIN_",
    ]
    .iter()
    .any(|start| name.starts_with(start))
        || name == "CARGO_PRIMARY_PACKAGE"
}

/// Whether this process runs as root, read from the kernel since no library is needed for it.
pub(crate) fn is_root() -> bool {
    std::fs::read_to_string("/proc/self/status")
        .is_ok_and(|status| effective_user(&status) == Some(0))
}

fn effective_user(status: &str) -> Option<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_know_nothing_of_our_package() {
        // Set by `cargo test` and by nextest alike.
        assert!(std::env::var_os("CARGO_PKG_NAME").is_some());
        let command = as_by_hand("cargo");
        let forgotten: Vec<_> = command
            .get_envs()
            .filter(|(_, value)| value.is_none())
            .collect();
        assert!(forgotten.iter().any(|(name, _)| *name == "CARGO_PKG_NAME"));
        assert!(is_of_our_package("CARGO_MANIFEST_DIR") && !is_of_our_package("CARGO_TARGET_DIR"));
    }

    #[test]
    fn the_cache_follows_xdg_and_falls_back_to_home() {
        let place = |xdg: Option<&str>, home: Option<&str>| {
            cache_from(xdg.map(str::to_owned), home.map(str::to_owned))
        };
        assert_eq!(
            place(Some("/x"), Some("/h")),
            Some("/x/order-service".into())
        );
        assert_eq!(
            place(Some("relative"), Some("/h")),
            Some("/h/.cache/order-service".into())
        );
        assert_eq!(
            place(None, Some("/h")),
            Some("/h/.cache/order-service".into())
        );
        assert_eq!(place(None, None), None);
    }

    #[test]
    fn the_effective_user_is_the_second_number() {
        assert_eq!(effective_user("Name:\tx\nUid:\t1000\t0\t0\t0\n"), Some(0));
        assert_eq!(effective_user("Name:\tx\n"), None);
    }

    #[test]
    fn programs_are_found_by_name() {
        assert!(find_program("sh").is_some());
        assert!(find_program("no-such-program-of-ours").is_none());
    }
}
