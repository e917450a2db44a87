//! What counting costs: the same orders placed by a service as it ships and by one that is built without
//! counting where orders are placed (the feature `no-metrics`), in turns.
//!
//! Both are built by the profile `faults`: as shipped, but for the link that takes minutes.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::database::Database;
use super::goals::{Bound, Goal, goal};
use super::load::Figures;
use super::options::Options;
use super::results::per_mille;
use super::{Length, told};
use crate::commands::{Failure, Outcome};
use crate::metadata::Workspace;
use crate::service::Service;
use crate::steps::Steps;
use crate::{disk, environment, steps, tools};

/// Turns of each in a round, so that what the machine does meanwhile befalls both.
const TURNS: u64 = 4;
/// What is built, and the feature that counts nothing.
const PROFILE: &str = "faults";
const WITHOUT: &str = "order-service/no-metrics";

/// The service with and without, and the driver.
struct Built {
    workspace: Workspace,
    with: PathBuf,
    without: PathBuf,
    load: PathBuf,
}

/// A run of each.
struct Pair {
    with: Figures,
    without: Figures,
}

/// Builds both, measures both.
pub(super) fn run(taken: &mut Steps, options: &Options) -> Outcome {
    let built = taken.take("build with and without metrics", Built::new)?;
    let database = taken.take("start PostgreSQL", || Database::start(&built.workspace))?;
    let settings = database.settings()?;
    println!("{settings}");
    let (goals, measured) = taken.take("with and without metrics", || {
        measure(&built, &database, options.length())
    })?;
    let everything = json!({ "settings": settings, "metrics": measured });
    told(options, &goals, everything)
}

impl Built {
    fn new() -> Result<Self, Failure> {
        tools::require_libraries()?;
        let workspace = Workspace::load()?;
        let folder = workspace.target.join("xtask");
        std::fs::create_dir_all(&folder)
            .map_err(|error| Failure::while_doing(folder.display(), error))?;
        let build = |features: &[&str], name: &str| {
            let mut cargo = environment::cargo();
            cargo.args(["build", "--profile", PROFILE, "-p", "order-service"]);
            steps::run(cargo.args(["-p", "order-load"]).args(features))?;
            // The next build has the same name.
            let (from, to) = (built(&workspace, "order-service"), folder.join(name));
            std::fs::copy(&from, &to)
                .map_err(|error| Failure::while_doing(from.display(), error))?;
            Ok(to)
        };
        let without = build(&["--features", WITHOUT], "order-service-without-metrics")?;
        let with = build(&[], "order-service-with-metrics")?;
        Ok(Self {
            load: built(&workspace, "order-load"),
            workspace,
            with,
            without,
        })
    }

    fn start(&self, binary: &Path, database: &Database, name: &str) -> Result<Service, Failure> {
        database.create(name)?;
        let url = Some(database.url(name));
        Service::start(&self.workspace, binary, name, url, &[])
    }
}

fn built(workspace: &Workspace, name: &str) -> PathBuf {
    workspace.target.join(PROFILE).join(name)
}

fn measure(
    built: &Built,
    database: &Database,
    length: Length,
) -> Result<(Vec<Goal>, Value), Failure> {
    let with = built.start(&built.with, database, "metrics_with")?;
    let without = built.start(&built.without, database, "metrics_without")?;
    let place = |service: &Service| {
        let mut load = std::process::Command::new(&built.load);
        load.args(["place", "--protocol", "grpc", "--callers", "256"])
            .args(["--connections", "8", "--url", &service.grpc_url()])
            .args(["--pid", &format!("service={}", service.pid())])
            .args(length.options());
        Figures::of(&mut load)
    };
    let mut pairs = Vec::new();
    for turn in 1..=length.rounds * TURNS {
        let flush = disk::median_flush(database.folder())?;
        // Who comes first changes, so that neither has the warmer machine.
        let pair = if turn % 2 == 1 {
            let with = place(&with)?;
            let without = place(&without)?;
            Pair { with, without }
        } else {
            let without = place(&without)?;
            let with = place(&with)?;
            Pair { with, without }
        };
        println!("{}, flush of a page {} µs", pair.row(), flush.as_micros());
        pairs.push(pair);
    }
    with.stop()?;
    without.stop()?;
    Ok((goals(&pairs), pairs.iter().map(Pair::json).collect()))
}

fn goals(pairs: &[Pair]) -> Vec<Goal> {
    let of = |value: fn(&Figures) -> u64| {
        let pairs = pairs.iter();
        let (with, without): (Vec<u64>, Vec<u64>) = pairs
            .map(|pair| (value(&pair.with), value(&pair.without)))
            .unzip();
        per_mille(&with, &without)
    };
    vec![
        goal(
            "Metrics: CPU an order",
            Bound::AtMost(1_030),
            "× without",
            of(|figures| figures.service_cpu_ns.unwrap_or_default()),
        ),
        goal(
            "Metrics: placing",
            Bound::AtLeast(970),
            "× without",
            of(|figures| figures.per_second),
        ),
    ]
}

impl Pair {
    fn row(&self) -> String {
        let side = |name: &str, figures: &Figures| {
            let nanoseconds = figures.service_cpu_ns.unwrap_or_default();
            format!("{name} {:>6}/s {nanoseconds:>6} ns", figures.per_second)
        };
        let (with, without) = (side("with", &self.with), side("without", &self.without));
        format!("{with}, {without}")
    }

    fn json(&self) -> Value {
        json!({ "with": self.with.report, "without": self.without.report })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counting_takes_more_is_the_cost() {
        let figures = |per_second, cpu| Figures {
            per_second,
            service_cpu_ns: Some(cpu),
            ..Figures::default()
        };
        let pair = Pair {
            with: figures(19_800, 12_120),
            without: figures(20_000, 12_000),
        };
        let goals = goals(&[pair]);
        assert_eq!(goals[0].rounds, [1_010]);
        assert_eq!(goals[1].rounds, [990]);
        assert!(goals.iter().all(Goal::is_reached));
    }
}
