//! What a full store costs: the same calls on a store with millions of orders and on an empty one, by
//! two services on one PostgreSQL, in turns.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::database::Database;
use super::goals::{Bound, Goal, goal};
use super::load::Figures;
use super::results::{per_mille, tenths};
use super::{Built, Length};
use crate::commands::Failure;
use crate::disk;
use crate::service::Service;

const FULL: &str = "growth_full";
/// Orders in the empty store, so that there is something to read: of few customers, that their first
/// pages are whole.
const EMPTY_ORDERS: &str = "20000";
/// Of both stores: those whose first pages are read.
const LISTED_CUSTOMERS: &str = "100";
/// Of so many orders of the full store one is read.
const FULL_EVERY: &str = "50";

/// What is called on both, with what a caller waits for.
const CALLS: [(&str, &[&str]); 4] = [
    ("place", &["place", "--callers", "256"]),
    ("get", &["get", "--callers", "64", "--connections", "4"]),
    (
        "list of a customer",
        &[
            "list",
            "--callers",
            "8",
            "--connections",
            "2",
            "--customers",
            LISTED_CUSTOMERS,
        ],
    ),
    (
        "list of the newest",
        &["list", "--callers", "8", "--connections", "2"],
    ),
];

/// Fills a store and measures it beside empty ones.
pub(super) struct Growth<'a> {
    pub(super) built: &'a Built,
    pub(super) database: &'a Database,
    pub(super) length: Length,
}

/// A run on the empty store and one on the full store.
struct Pair {
    call: &'static str,
    empty: Figures,
    full: Figures,
}

impl Growth<'_> {
    pub(super) fn run(&self) -> Result<(Vec<Goal>, Value), Failure> {
        self.database.create(FULL)?;
        let full = self.built.start_on("bench-full", self.database.url(FULL))?;
        let full_ids = self.fill(&full, &self.length.growth_orders.to_string(), None)?;
        // What autovacuum and the next checkpoint would do in the midst of the first round.
        self.database.sql(FULL, "VACUUM (ANALYZE)")?;
        self.database.sql(FULL, "CHECKPOINT")?;
        let mut pairs = Vec::new();
        for round in 1..=self.length.rounds {
            let name = format!("growth_empty_{round}");
            self.database.create(&name)?;
            let empty = self
                .built
                .start_on("bench-empty", self.database.url(&name))?;
            let empty_ids = self.fill(&empty, EMPTY_ORDERS, Some(LISTED_CUSTOMERS))?;
            let flush = disk::median_flush(self.database.folder())?;
            println!("round {round}, flush of a page {} µs", flush.as_micros());
            for (call, words) in CALLS {
                let on_empty = || self.figures(words, &empty, &empty_ids);
                let on_full = || self.figures(words, &full, &full_ids);
                // Who comes first changes, so that neither has the warmer machine.
                let (empty, full) = if round % 2 == 1 {
                    (on_empty()?, on_full()?)
                } else {
                    let full = on_full()?;
                    (on_empty()?, full)
                };
                let pair = Pair { call, empty, full };
                println!("{}", pair.row());
                pairs.push(pair);
            }
            empty.stop()?;
            self.database
                .sql("postgres", &format!("DROP DATABASE {name}"))?;
        }
        full.stop()?;
        let all = pairs.iter().map(Pair::json).collect();
        Ok((goals(&pairs), all))
    }

    /// Places orders and returns the file of their ids.
    fn fill(
        &self,
        service: &Service,
        orders: &str,
        customers: Option<&str>,
    ) -> Result<PathBuf, Failure> {
        let ids = service.folder().join("ids");
        let mut fill = self.built.order_load("fill");
        fill.args([
            "--url",
            &service.grpc_url(),
            "--orders",
            orders,
            "--ids-file",
        ])
        .arg(&ids);
        match customers {
            Some(customers) => fill.args(["--customers", customers]),
            None => fill.args(["--every", FULL_EVERY]),
        };
        println!("fill: {orders} orders");
        let figures = Figures::of(&mut fill)?;
        println!("filled: {} batches of 1,000 a second", figures.per_second);
        Ok(ids)
    }

    fn figures(&self, words: &[&str], service: &Service, ids: &Path) -> Result<Figures, Failure> {
        let (subcommand, options) = words.split_first().unwrap_or((&"place", &[]));
        let mut load: Command = self.built.order_load(subcommand);
        load.args(options)
            .args(["--protocol", "grpc", "--url", &service.grpc_url()])
            .args(["--pid", &format!("service={}", service.pid())])
            .args(["--pid-tree", &format!("database={}", self.database.pid)])
            .args(self.length.options());
        if *subcommand == "get" {
            load.arg("--ids-file").arg(ids);
        }
        Figures::of(&mut load)
    }
}

fn goals(pairs: &[Pair]) -> Vec<Goal> {
    let of = |call: &str, value: fn(&Figures) -> u64| {
        let pairs = pairs.iter().filter(|pair| pair.call == call);
        let (full, empty): (Vec<u64>, Vec<u64>) = pairs
            .map(|pair| (value(&pair.full), value(&pair.empty)))
            .unzip();
        per_mille(&full, &empty)
    };
    let latency = |call| of(call, |figures| figures.p50_us);
    let rate = of("place", |figures| figures.per_second);
    vec![
        goal("Full store: placing", Bound::AtLeast(850), "× empty", rate),
        goal(
            "Full store: GetOrder's p50",
            Bound::AtMost(1_500),
            "× empty",
            latency("get"),
        ),
        goal(
            "Full store: a customer's page",
            Bound::AtMost(1_500),
            "× empty",
            latency("list of a customer"),
        ),
        goal(
            "Full store: the newest page",
            Bound::AtMost(1_500),
            "× empty",
            latency("list of the newest"),
        ),
    ]
}

impl Pair {
    fn row(&self) -> String {
        let side = |name: &str, figures: &Figures| {
            format!(
                "{name} {:>6}/s p50 {:>6} p99 {:>6} ms{}",
                figures.per_second,
                tenths(figures.p50_us),
                tenths(figures.p99_us),
                figures.first_error.as_deref().unwrap_or_default()
            )
        };
        let (empty, full) = (side("empty", &self.empty), side("full", &self.full));
        format!("  {:<19} {empty}   {full}", self.call)
    }

    fn json(&self) -> Value {
        json!({ "call": self.call, "empty": self.empty.report, "full": self.full.report })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_latencies_are_those_of_the_full_store_to_the_empty() {
        let figures = |per_second, p50_us| Figures {
            per_second,
            p50_us,
            ..Figures::default()
        };
        let pair = |call| Pair {
            call,
            empty: figures(20_000, 1_000),
            full: figures(18_000, 1_600),
        };
        let goals = goals(&[pair("place"), pair("get")]);
        assert_eq!(goals[0].rounds, [900]);
        assert_eq!(goals[1].rounds, [1_600]);
        assert!(goals[0].is_reached() && !goals[1].is_reached());
        assert!(goals[2].rounds.is_empty());
    }
}
