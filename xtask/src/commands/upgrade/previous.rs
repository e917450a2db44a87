//! The version before this one: taken from the history, built once for each commit.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::commands::{Failure, Outcome};
use crate::metadata::Workspace;
use crate::{environment, steps, tools};

/// Digits of a commit that name a file.
const SHORT_DIGITS: usize = 12;

/// A commit in a working tree of its own.
#[derive(Debug)]
pub(super) struct Previous {
    commit: String,
    why: String,
    folder: PathBuf,
    target: PathBuf,
}

impl fmt::Display for Previous {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the version before is {}: {}", self.commit, self.why)
    }
}

impl Previous {
    /// Checks out `named`, else the commit that the workspace's manifest names, in the target folder.
    pub(super) fn check_out(workspace: &Workspace, named: Option<&str>) -> Result<Self, Failure> {
        let (name, why) = match (named, &workspace.previous) {
            (Some(name), _) => (name.to_owned(), "asked for by --previous".to_owned()),
            (None, Some(pinned)) => (pinned.commit.clone(), pinned.why.clone()),
            (None, None) => {
                let message = "Cargo.toml names no version before: [workspace.metadata.previous] has `commit` and `why`; or use --previous REF";
                return Err(Failure::Failed(message.to_owned()));
            }
        };
        let git = tools::GIT.get()?;
        let previous = Self {
            commit: resolve(&git, &name)?,
            why,
            folder: workspace.target.join("previous"),
            target: workspace.target.clone(),
        };
        previous.make_tree(&git)?;
        Ok(previous)
    }

    /// Its files.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    fn make_tree(&self, git: &Path) -> Outcome {
        if self.folder.join(".git").is_file() {
            let mut git = Command::new(git);
            git.arg("-C").arg(&self.folder);
            git.args(["checkout", "--quiet", "--force", "--detach", &self.commit]);
            return steps::run(&mut git);
        }
        let mut git = Command::new(git);
        // By force: git may remember one that went with the target folder.
        git.args(["worktree", "add", "--quiet", "--force", "--detach"]);
        steps::run(git.arg(&self.folder).arg(&self.commit))
    }

    /// Where its service is, built at need.
    pub(super) fn build(&self) -> Result<PathBuf, Failure> {
        let short = &self.commit[..self.commit.len().min(SHORT_DIGITS)];
        let kept = self.target.join("xtask").join(format!("previous-{short}"));
        if kept.is_file() {
            println!("{} is built", kept.display());
            return Ok(kept);
        }
        steps::run(&mut self.cargo_build()?)?;
        let io = |error| Failure::while_doing(format!("cannot make {}", kept.display()), error);
        std::fs::create_dir_all(self.target.join("xtask")).map_err(io)?;
        // In two steps, so that a copy that was cut short is never taken for the program.
        let half = kept.with_extension("half");
        std::fs::copy(self.target.join("debug/order-service"), &half).map_err(io)?;
        std::fs::rename(&half, &kept).map_err(io)?;
        Ok(kept)
    }

    /// In the target folder of this version, so that other people's crates are built once for both. Our own
    /// crates have the same names there, and cargo could take one version's for the other's; without their
    /// debug information, which nobody asks for here, they are other crates to it.
    fn cargo_build(&self) -> Result<Command, Failure> {
        let mut cargo = environment::cargo();
        cargo
            .args(["build", "--locked", "--package", "order-service"])
            .arg("--target-dir")
            .arg(&self.target)
            .current_dir(&self.folder);
        for member in members(&self.folder)? {
            cargo
                .arg("--config")
                .arg(format!("profile.dev.package.{member}.debug=false"));
        }
        Ok(cargo)
    }
}

/// The crates of a workspace of ours: each stands in a folder of its name.
fn members(folder: &Path) -> Result<Vec<String>, Failure> {
    let crates = folder.join("crates");
    let listed = std::fs::read_dir(&crates).map_err(|error| {
        Failure::while_doing(format!("cannot list {}", crates.display()), error)
    })?;
    let mut names: Vec<String> = listed
        .flatten()
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort_unstable();
    Ok(names)
}

/// The full name of a commit that is in the history here.
fn resolve(git: &Path, name: &str) -> Result<String, Failure> {
    let mut git = Command::new(git);
    git.args(["rev-parse", "--verify", "--quiet", "--end-of-options"]);
    git.arg(format!("{name}^{{commit}}"));
    match steps::output(&mut git) {
        Ok(commit) => Ok(commit.trim().to_owned()),
        Err(_) => Err(Failure::Failed(format!(
            "the version before, {name}, is not in the history of this clone: a shallow one gets it by \
             `git fetch --unshallow` (in GitHub's checkout action: `fetch-depth: 0`); or name another by --previous REF"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_that_is_not_there_says_how_to_get_it() {
        let git = tools::GIT.get().unwrap();
        let Err(Failure::Failed(message)) = resolve(&git, "0123456789abcdef") else {
            panic!("there is no such commit");
        };
        assert!(message.contains("git fetch --unshallow"), "{message}");
    }

    #[test]
    fn crates_are_known_by_their_folders() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let members = members(&root).unwrap();
        assert!(members.contains(&"order-core".to_owned()), "{members:?}");
    }
}
