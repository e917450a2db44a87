//! `cargo xtask upgrade`: this version and the one before it on one store, rolled under load.

mod previous;

use std::path::Path;
use std::process::Command;

use super::{Failure, Outcome};
use crate::metadata::Workspace;
use crate::steps::Steps;
use crate::tools;
use previous::Previous;

pub(crate) const HELP: &str = "\
Usage: cargo xtask upgrade [--previous REF] [--full] [--only WORDS]

Takes the version before from the history (the commit in [workspace.metadata.previous] of Cargo.toml), builds its
service beside this one, and keeps the program in target/xtask. What was released then must go on: buf holds proto/
against its proto/ (FILE), and each golden file of stored bytes is here as it was. Then, on a real PostgreSQL, Kafka
and Redis: three replicas under load are rolled forward to this version and back; the schema is migrated beside a dump
and the version before; one replica of each version works on the same orders, facts, events and keys. Fails if one
request fails, or if the log of requests does not notice a replica that is ended in a wrong way.

  --previous REF   this version before, as git names it
  --full           more callers, more rolls, more orders
  --only WORDS     the tests whose name has these words

  cargo xtask upgrade --only roll_forward
  cargo xtask upgrade --previous HEAD~20 --full";

/// The folder of the protocol buffers, with the settings of `buf`.
const PROTOCOL: &str = "proto";
/// Bytes that released versions have stored.
const GOLDEN: &str = "crates/order-proto/tests/golden";

#[derive(Debug, Default)]
struct Options {
    previous: Option<String>,
    full: bool,
    only: Option<String>,
}

pub(super) fn run(arguments: &[String]) -> Outcome {
    let options = parse(arguments)?;
    let mut steps = Steps::of("upgrade");
    let outcome = all(&mut steps, &options, &[]);
    steps.finish(outcome)
}

/// All of it at CI's size.
pub(super) fn whole(steps: &mut Steps, cargo_options: &[&str]) -> Outcome {
    all(steps, &Options::default(), cargo_options)
}

fn parse(arguments: &[String]) -> Result<Options, Failure> {
    let mut options = Options::default();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = |what: &str| {
            let needed = || Failure::Usage(format!("{argument} needs {what}"));
            rest.next().cloned().ok_or_else(needed)
        };
        match argument.as_str() {
            "--full" => options.full = true,
            "--previous" => options.previous = Some(value("a commit")?),
            "--only" => options.only = Some(value("words")?),
            other => return Err(Failure::Usage(format!("unknown argument {other:?}"))),
        }
    }
    Ok(options)
}

fn all(steps: &mut Steps, options: &Options, cargo_options: &[&str]) -> Outcome {
    let workspace = Workspace::load()?;
    let named = options.previous.as_deref();
    let previous = steps.take("version before", || Previous::check_out(&workspace, named))?;
    println!("{previous}");
    let mut buf = tools::BUF.get()?;
    buf.args(["breaking", "--against"])
        .arg(previous.folder().join(PROTOCOL))
        .current_dir(PROTOCOL);
    steps.run("buf breaking", &mut buf)?;
    steps.take("golden files", || {
        same_files(&previous.folder().join(GOLDEN), Path::new(GOLDEN))
    })?;
    super::test::requirements()?;
    let program = steps.take("build of the version before", || previous.build())?;
    let mut nextest = steps.take("cargo-nextest", || tools::NEXTEST.get())?;
    tests(&mut nextest, options)
        .args(cargo_options)
        .env("ORDER_SERVICE_PREVIOUS", program);
    steps.run("both versions on one store", &mut nextest)
}

/// The whole workspace, so that what `cargo xtask test` has built is taken.
fn tests<'a>(nextest: &'a mut Command, options: &Options) -> &'a mut Command {
    nextest.args(["nextest", "run", "--workspace", "--profile", "upgrade"]);
    if let Some(words) = &options.only {
        nextest.arg(words);
    }
    let scale = if options.full { "full" } else { "small" };
    nextest.env("FAULT_SCALE", scale)
}

/// Each file of `before` is in `now` as it was: bytes that were stored stay readable, which the tests of
/// `order-proto` show of every file there.
fn same_files(before: &Path, now: &Path) -> Outcome {
    let read = |path: &Path| {
        std::fs::read(path)
            .map_err(|error| Failure::while_doing(format!("cannot read {}", path.display()), error))
    };
    let listed = std::fs::read_dir(before).map_err(|error| {
        Failure::while_doing(format!("cannot list {}", before.display()), error)
    })?;
    let mut count = 0;
    for entry in listed.flatten() {
        let name = entry.file_name();
        if read(&entry.path())? != read(&now.join(&name))? {
            return Err(Failure::Failed(format!(
                "{}: the version before stored other bytes; a golden file never changes, a new shape gets a new file",
                now.join(&name).display()
            )));
        }
        count += 1;
    }
    if count == 0 {
        let message = format!("{} is empty: nothing was compared", before.display());
        return Err(Failure::Failed(message));
    }
    println!("{count} golden files of the version before are as they were");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn arguments_are_understood_or_told() {
        let options = parse(&words("--previous v1 --full --only roll")).unwrap();
        assert_eq!(options.previous.as_deref(), Some("v1"));
        assert_eq!(
            (options.full, options.only.as_deref()),
            (true, Some("roll"))
        );
        for text in ["--previous", "--what", "roll"] {
            let parsed = parse(&words(text));
            assert!(matches!(parsed, Err(Failure::Usage(_))), "{text}");
        }
    }

    #[test]
    fn a_stored_byte_that_changed_is_told_and_a_new_file_is_none() {
        let folder = std::env::temp_dir().join(format!("xtask-golden-{}", std::process::id()));
        let (before, now) = (folder.join("before"), folder.join("now"));
        std::fs::create_dir_all(&before).unwrap();
        std::fs::create_dir_all(&now).unwrap();
        assert!(same_files(&before, &now).is_err(), "nothing to compare");
        std::fs::write(before.join("a"), "1").unwrap();
        assert!(same_files(&before, &now).is_err(), "a is gone");
        std::fs::write(now.join("a"), "1").unwrap();
        std::fs::write(now.join("b"), "2").unwrap();
        assert!(same_files(&before, &now).is_ok());
        std::fs::write(now.join("a"), "3").unwrap();
        assert!(same_files(&before, &now).is_err(), "a is another");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
