//! `cargo xtask bench`: what a release build does on this machine, with the disk's speed and pgbench's
//! beside it.

mod binding;
mod database;
mod goals;
mod growth;
mod load;
mod metrics;
mod options;
mod results;
mod rounds;
mod scenario;
mod sqlite;
mod yardstick;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::{Failure, Outcome};
use crate::metadata::Workspace;
use crate::service::Service;
use crate::steps::Steps;
use crate::{environment, steps, tools};
use database::Database;
use goals::Goal;
use growth::Growth;
use options::{Alone, Options, Store};
use results::Sample;
use rounds::Rounds;

pub(crate) const HELP: &str = "\
Usage: cargo xtask bench [--quick] [--only NAME]... [--growth] [--json FILE]
       cargo xtask bench --binding [--quick] [--json FILE]
       cargo xtask bench --metrics [--quick] [--json FILE]
       cargo xtask bench [--store postgres|sqlite] [-- ORDER-LOAD ARGUMENTS]

Builds a release and starts PostgreSQL 16 and the service. In each of three rounds every scenario
runs between two runs of pgbench (one order for each transaction of six statements, 32 clients,
prepared, synchronous_commit and fsync on): grpc-256, grpc-32, rest-256, grpc-1024 place orders with
so many callers; then get-64 reads, beside two echoes of the same size: one built as our edge is
(echo-64), one as tonic's guide has it (tonic-echo-64). Ratios are to the neighbouring runs of
pgbench; the table at the end holds the median of the rounds against what must be reached.

  --quick       two rounds of short runs
  --only NAME   this scenario alone; can be repeated
  --growth      then fills a store with 5 million orders (--quick: 200,000) and measures it beside
                empty ones
  --binding     places orders by a service whose planes are bound and by one whose are not, in turns
  --metrics     places orders by a service that counts and by one built without, in turns, both
                optimized but for the long link; compares the CPU an order, which a busy machine
                disturbs less than the rate
  --json FILE   writes everything that was measured
  --store sqlite   the embedded store over REST: start, memory, orders a second and latencies

With arguments for order-load: one run of `order-load place` with these.

  cargo xtask bench --quick --only grpc-256 --only grpc-32
  cargo xtask bench --store sqlite -- --callers 64 --duration 30s --rate 2000";

/// How long things take.
#[derive(Clone, Copy, Debug)]
struct Length {
    rounds: u64,
    warm_up_seconds: u64,
    run_seconds: u64,
    growth_orders: u64,
}

const FULL_LENGTH: Length = Length {
    rounds: 3,
    warm_up_seconds: 2,
    run_seconds: 8,
    growth_orders: 5_000_000,
};
const QUICK_LENGTH: Length = Length {
    rounds: 2,
    warm_up_seconds: 1,
    run_seconds: 3,
    growth_orders: 200_000,
};

impl Length {
    /// For `order-load`.
    fn options(self) -> [String; 4] {
        [
            "--warm-up".to_owned(),
            format!("{}s", self.warm_up_seconds),
            "--duration".to_owned(),
            format!("{}s", self.run_seconds),
        ]
    }
}

impl Options {
    fn length(&self) -> Length {
        if self.quick {
            QUICK_LENGTH
        } else {
            FULL_LENGTH
        }
    }
}

pub(super) fn run(arguments: &[String]) -> Outcome {
    let options = Options::parse(arguments).map_err(Failure::Usage)?;
    let mut steps = Steps::of("bench");
    let outcome = all(&mut steps, &options);
    steps.finish(outcome)
}

fn all(steps: &mut Steps, options: &Options) -> Outcome {
    if options.alone == Some(Alone::Metrics) {
        return metrics::run(steps, options);
    }
    let built = steps.take("build", Built::release)?;
    match options.store {
        Store::Sqlite => sqlite::run(steps, &built, options.load.as_deref()),
        Store::Postgres => on_postgres(steps, &built, options),
    }
}

fn on_postgres(steps: &mut Steps, built: &Built, options: &Options) -> Outcome {
    const DATABASE: &str = "bench";
    let database = steps.take("start PostgreSQL", || Database::start(&built.workspace))?;
    let settings = database.settings()?;
    println!("{settings}");
    if options.alone == Some(Alone::Binding) {
        let (goal, measured) = steps.take("bound and unbound", || {
            binding::run(built, &database, options.length())
        })?;
        let everything = json!({ "settings": settings, "binding": measured });
        return told(options, &[goal], everything);
    }
    database.create(DATABASE)?;
    let service = steps.take("start", || built.start_on("bench", database.url(DATABASE)))?;
    println!("ready after {} ms", service.ready_after.as_millis());
    if let Some(load) = &options.load {
        let mut place = built.order_load("place");
        place
            .args(["--url", &service.grpc_url(), "--protocol", "grpc"])
            .args(["--pid", &service.pid().to_string()])
            .args(["--pid-tree", &format!("database={}", database.pid)]);
        steps.run("place", place.args(load))?;
        return steps.take("stop", || service.stop());
    }
    let length = options.length();
    let rounds = Rounds {
        built,
        database: &database,
        service: &service,
        length,
    };
    let results = steps.take("rounds", || rounds.run(&options.only))?;
    steps.take("stop", || service.stop())?;
    let (mut goals, mut grown) = (goals::of_rounds(&results), Value::Null);
    if options.growth {
        let growth = Growth {
            built,
            database: &database,
            length,
        };
        let (more, measured) = steps.take("growth", || growth.run())?;
        goals.extend(more);
        grown = measured;
    }
    let everything = json!({
        "settings": settings,
        "runs": results.0.iter().map(Sample::json).collect::<Vec<_>>(),
        "growth": grown,
    });
    told(options, &goals, everything)
}

/// Prints the goals, and writes everything where that is asked for.
fn told(options: &Options, goals: &[Goal], mut everything: Value) -> Outcome {
    println!("── what must be reached, the median, and each round");
    for goal in goals {
        println!("{}", goal.row());
    }
    let Some(path) = &options.json else {
        return Ok(());
    };
    everything["goals"] = goals.iter().map(Goal::json).collect();
    write(path, &everything)
}

fn write(path: &Path, value: &Value) -> Outcome {
    std::fs::write(path, format!("{value:#}\n"))
        .map_err(|error| Failure::while_doing(format!("cannot write {}", path.display()), error))
}

/// The service and its driver, built for speed.
pub(super) struct Built {
    pub(super) workspace: Workspace,
    service: PathBuf,
    load: PathBuf,
    tonic_echo: PathBuf,
}

impl Built {
    pub(super) fn release() -> Result<Self, Failure> {
        tools::require_libraries()?;
        let workspace = Workspace::load()?;
        let mut cargo = environment::cargo();
        steps::run(cargo.args([
            "build",
            "--release",
            "-p",
            "order-service",
            "-p",
            "order-load",
        ]))?;
        // Apart: tonic's own server is in nothing that ships.
        let mut cargo = environment::cargo();
        steps::run(cargo.args([
            "build",
            "--release",
            "-p",
            "order-load",
            "--example",
            "tonic_echo",
        ]))?;
        Ok(Self {
            tonic_echo: workspace.release_binary("examples/tonic_echo"),
            service: workspace.release_binary("order-service"),
            load: workspace.release_binary("order-load"),
            workspace,
        })
    }

    /// A service with an empty embedded store.
    pub(super) fn start(&self, task: &str) -> Result<Service, Failure> {
        Service::start(&self.workspace, &self.service, task, None, &[])
    }

    /// A service on a database.
    fn start_on(&self, task: &str, database_url: String) -> Result<Service, Failure> {
        self.start_with(task, database_url, &[])
    }

    /// The same, with further settings.
    fn start_with(
        &self,
        task: &str,
        database_url: String,
        settings: &[(&str, &str)],
    ) -> Result<Service, Failure> {
        Service::start(
            &self.workspace,
            &self.service,
            task,
            Some(database_url),
            settings,
        )
    }

    pub(super) fn order_load(&self, subcommand: &str) -> Command {
        let mut load = Command::new(&self.load);
        load.arg(subcommand);
        load
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_load_arguments_follow_two_dashes() {
        assert!(matches!(
            run(&["--rate".to_owned()]),
            Err(Failure::Usage(_))
        ));
    }

    #[test]
    fn a_run_has_a_warm_up_and_a_time() {
        let line = FULL_LENGTH.options().join(" ");
        assert_eq!(line, "--warm-up 2s --duration 8s");
    }
}
