//! `cargo xtask tidy`: the walls of the house that neither a lint nor `cargo deny` can see.
//!
//! Each rule is a pure function from what was read to its violations, in a file of its own, with
//! tests that break the wall. This file only reads, calls them all and prints.

mod code;
mod dependencies;
mod hygiene;
mod migrations;
mod sources;
mod walls;

use std::fmt;
use std::path::Path;
use std::process::Command;

use crate::commands::{Failure, Outcome};
use crate::metadata::Workspace;
use crate::steps;

pub(crate) use migrations::hex;

pub(crate) const HELP: &str = "\
Usage: cargo xtask tidy [--accept-new-migrations]

Prints one line for each broken rule, `file:line: what; what to do`, and exits 1 if there is any.
The rules: who may depend on whom; sockets, clock, environment and floats only in their rooms;
`//!` on every .rs file; file sizes; no mod.rs; applied migrations unchanged; no machine's path
or registry in a tracked file.

  --accept-new-migrations  append the checksums of new migrations; never changes a line";

/// The option that appends checksums of new migrations.
const ACCEPT: &str = "--accept-new-migrations";

/// One broken rule at one place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Violation {
    file: String,
    /// From 1, as editors count.
    line: usize,
    what: String,
    fix: String,
}

impl Violation {
    fn new(
        file: impl Into<String>,
        line: usize,
        what: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        Self {
            file: file.into(),
            line,
            what: what.into(),
            fix: fix.into(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: {}; {}",
            self.file, self.line, self.what, self.fix
        )
    }
}

/// A tracked file as the rules see it.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// Relative to the root, with `/`.
    path: String,
    text: String,
}

impl File {
    /// Whether its name ends in this extension, given without the dot.
    fn is(&self, extension: &str) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|found| found == extension)
    }
}

/// Holds every wall; see [`HELP`].
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let accept = match arguments {
        [] => false,
        [option] if option == ACCEPT => true,
        _ => {
            return Err(Failure::Usage(format!(
                "unknown arguments {}",
                arguments.join(" ")
            )));
        }
    };
    let workspace = Workspace::load()?;
    if accept {
        accept_new_migrations(&workspace.root)?;
    }
    let files = tracked_files(&workspace.root)?;
    let violations = violations(&workspace, &files);
    for violation in &violations {
        println!("{violation}");
    }
    match violations.len() {
        0 => {
            println!(
                "tidy: {} files, {} crates, every wall holds",
                files.len(),
                workspace.members.len()
            );
            Ok(())
        }
        count => Err(Failure::Failed(format!(
            "{count} violation(s), listed above"
        ))),
    }
}

fn violations(workspace: &Workspace, files: &[File]) -> Vec<Violation> {
    let mut found = dependencies::check(walls::WALLS, &workspace.members);
    found.extend(sources::check(files));
    found.extend(hygiene::check(files));
    found.extend(migrations::check(files));
    found.sort();
    found
}

/// What git tracks or would track, so that a new file is judged before it is committed.
/// Files that are no UTF-8 have no lines to judge and are left out.
fn tracked_files(root: &Path) -> Result<Vec<File>, Failure> {
    let mut git = Command::new("git");
    git.current_dir(root).args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]);
    let list = steps::output(&mut git)?;
    let mut files = Vec::new();
    for path in list.split_terminator('\0') {
        // Listed but gone: deleted in the working tree and not yet committed.
        let place = root.join(path);
        if !place.is_file() {
            continue;
        }
        let bytes = std::fs::read(&place)
            .map_err(|error| Failure::while_doing(format!("cannot read {path}"), error))?;
        if let Ok(text) = String::from_utf8(bytes) {
            files.push(File {
                path: path.to_owned(),
                text,
            });
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files.dedup_by(|a, b| a.path == b.path);
    Ok(files)
}

fn accept_new_migrations(root: &Path) -> Outcome {
    let files = tracked_files(root)?;
    let lines = migrations::lines_for_new(&files);
    if lines.is_empty() {
        println!("tidy: no new migration");
        return Ok(());
    }
    let path = migrations::CHECKSUMS;
    let mut text = files
        .iter()
        .find(|file| file.path == path)
        .map_or("", |file| &file.text)
        .to_owned();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for line in &lines {
        println!("tidy: accepted {line}");
        text.push_str(line);
        text.push('\n');
    }
    std::fs::write(root.join(path), text)
        .map_err(|error| Failure::while_doing(format!("cannot write {path}"), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_is_one_line_that_an_editor_understands() {
        let violation = Violation::new("a/b.rs", 7, "a float", "use an integer");
        assert_eq!(violation.to_string(), "a/b.rs:7: a float; use an integer");
    }
}
