//! `cargo xtask faults`: the catalogue of faults on real servers, and a report of what was counted.

mod catalogue;
mod report;

use std::process::{Command, Stdio};
use std::time::Instant;

use super::{Failure, Outcome};
use crate::tools;
use catalogue::Row;
use report::Tried;

pub(crate) const HELP: &str = "\
Usage: cargo xtask faults [--list] [--only ID]... [--seed N] [--small] [--report FILE]

Injects the faults of the catalogue (--list) on real servers and checks what must hold all the same:
each row is one or more tests, run one row after the other. Rows are as large as the catalogue asks, on
an optimized build (--small: as in CI). A row whose tests count nothing, or which has no test, fails. At the end the
table of what was counted is printed.

  --list         the rows, without running any
  --only ID      this row alone; can be repeated
  --seed N       everything left to chance follows N; each run prints its seeds
  --small        as often as in an ordinary test run
  --report FILE  writes the table there, in Markdown

  cargo xtask faults --only R1 --only R2 --seed 7
  cargo xtask faults --report docs/RELIABILITY.md";

#[derive(Debug, Default)]
struct Options {
    list: bool,
    only: Vec<String>,
    seed: Option<u64>,
    small: bool,
    report: Option<String>,
}

pub(super) fn run(arguments: &[String]) -> Outcome {
    let options = parse(arguments)?;
    let rows = chosen(&options)?;
    if options.list {
        for row in rows {
            println!(
                "{:<8} {:<22} {}\n{:31} {}",
                row.id, row.group, row.injection, "", row.expected
            );
        }
        return Ok(());
    }
    super::test::requirements()?;
    build(options.small)?;
    let mut tried = Vec::new();
    for row in rows {
        println!("── {}: {}", row.id, row.injection);
        let one = inject(row, &options)?;
        println!("{}", one.summary());
        tried.push(one);
        // After each row: what was found out stays, whatever stops the next one.
        if let Some(file) = &options.report {
            let text = report::markdown(&tried, options.small);
            std::fs::write(file, text)
                .map_err(|error| Failure::while_doing(format!("cannot write {file}"), error))?;
        }
    }
    println!("{}", report::markdown(&tried, options.small));
    let failed: Vec<&str> = tried
        .iter()
        .filter(|one| !one.held())
        .map(|one| one.row.id)
        .collect();
    if failed.is_empty() {
        Ok(())
    } else {
        Err(Failure::Failed(format!(
            "rows that did not hold: {}; run one alone with: cargo xtask faults --only {}",
            failed.join(", "),
            failed[0]
        )))
    }
}

fn parse(arguments: &[String]) -> Result<Options, Failure> {
    let mut options = Options::default();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = |what: &str| {
            rest.next()
                .cloned()
                .ok_or_else(|| Failure::Usage(format!("{argument} needs {what}")))
        };
        match argument.as_str() {
            "--list" => options.list = true,
            "--small" => options.small = true,
            "--only" => options.only.push(value("a row's id")?),
            "--report" => options.report = Some(value("a file")?),
            "--seed" => {
                let text = value("a number")?;
                let seed = text.parse();
                options.seed = Some(
                    seed.map_err(|_| Failure::Usage(format!("--seed {text}: must be a number")))?,
                );
            }
            other => return Err(Failure::Usage(format!("unknown argument {other:?}"))),
        }
    }
    Ok(options)
}

fn chosen(options: &Options) -> Result<Vec<&'static Row>, Failure> {
    if options.only.is_empty() {
        return Ok(catalogue::all().collect());
    }
    options
        .only
        .iter()
        .map(|id| {
            let found = catalogue::all().find(|row| row.id.eq_ignore_ascii_case(id));
            found.ok_or_else(|| {
                Failure::Usage(format!(
                    "no row {id:?}; `cargo xtask faults --list` shows all"
                ))
            })
        })
        .collect()
}

/// What is tried at full size is optimized as what is shipped.
fn profile(small: bool) -> &'static [&'static str] {
    if small {
        &[]
    } else {
        &["--cargo-profile", "faults"]
    }
}

/// Builds once, so that the time of the first row is not the build's.
fn build(small: bool) -> Outcome {
    let mut nextest = tools::NEXTEST.get()?;
    nextest.args(["nextest", "run", "--workspace", "--no-run"]);
    nextest.args(profile(small));
    crate::steps::run(&mut nextest)
}

/// Runs the tests of one row.
fn inject(row: &'static Row, options: &Options) -> Result<Tried, Failure> {
    let mut nextest: Command = tools::NEXTEST.get()?;
    nextest
        .args([
            "nextest",
            "run",
            "--workspace",
            "--profile",
            "faults",
            "--no-fail-fast",
            // As it is printed, with its tabs; one test runs at a time.
            "--no-capture",
        ])
        .args(profile(options.small))
        .args(["-E", &row.filter()])
        .env("FAULT_SCALE", if options.small { "small" } else { "full" })
        .stdin(Stdio::null());
    if let Some(seed) = options.seed {
        nextest.env("FAULT_SEED", seed.to_string());
    }
    let started = Instant::now();
    let output = nextest
        .output()
        .map_err(|error| Failure::while_doing("cannot start cargo-nextest", error))?;
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    let tried = Tried::read(row, &text, output.status.success(), started.elapsed());
    if !tried.held() {
        println!("{text}");
    }
    Ok(tried)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn rows_are_chosen_by_id() {
        let options = parse(&words("--only r1 --only D6 --seed 7 --small")).unwrap();
        let ids: Vec<&str> = chosen(&options).unwrap().iter().map(|row| row.id).collect();
        assert_eq!(ids, ["R1", "D6"]);
        assert_eq!((options.seed, options.small), (Some(7), true));
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        for text in ["--only", "--seed x", "--what"] {
            assert!(
                matches!(parse(&words(text)), Err(Failure::Usage(_))),
                "{text}"
            );
        }
        let unknown = parse(&words("--only R99")).unwrap();
        assert!(matches!(chosen(&unknown), Err(Failure::Usage(_))));
    }
}
