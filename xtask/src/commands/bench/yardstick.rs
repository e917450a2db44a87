//! The yardstick: pgbench with one order for each transaction of six statements, in a database of its
//! own on the same server.

use std::path::PathBuf;
use std::process::Command;

use super::database::Database;
use crate::commands::Failure;
use crate::{steps, tools};

const DATABASE: &str = "yardstick";
const CLIENTS: &str = "32";
const THREADS: &str = "2";
const TABLES: &str = "
    CREATE TABLE y_orders (id uuid PRIMARY KEY, customer int, total int, at timestamptz DEFAULT now());
    CREATE TABLE y_lines (id uuid, no int, sku text, quantity int, price int, PRIMARY KEY (id, no));
    CREATE TABLE y_events (position bigserial PRIMARY KEY, order_id uuid, data text);
    CREATE TABLE y_keys (key uuid PRIMARY KEY, order_id uuid);";
/// Six statements: begin, the order, its two lines, its event, its key, commit.
const SCRIPT: &str = "\
\\set c random(1, 1000000)
BEGIN;
INSERT INTO y_orders (id, customer, total) VALUES (gen_random_uuid(), :c, 1000) RETURNING id \\gset
INSERT INTO y_lines VALUES (:id, 1, 'sku-1', 1, 500), (:id, 2, 'sku-2', 1, 500);
INSERT INTO y_events (order_id, data) VALUES (:id, repeat('x', 400));
INSERT INTO y_keys VALUES (gen_random_uuid(), :id);
COMMIT;
";

/// Ready to be run, again and again.
pub(super) struct Yardstick<'a> {
    database: &'a Database,
    pgbench: PathBuf,
    script: PathBuf,
    seconds: String,
}

impl<'a> Yardstick<'a> {
    /// Makes the tables; each run takes so many seconds.
    pub(super) fn prepare(database: &'a Database, seconds: u64) -> Result<Self, Failure> {
        let pgbench = tools::PGBENCH.get()?;
        database.create(DATABASE)?;
        database.sql(DATABASE, TABLES)?;
        let script = database.folder().join("yardstick.sql");
        std::fs::write(&script, SCRIPT).map_err(|error| {
            Failure::while_doing(format!("cannot write {}", script.display()), error)
        })?;
        Ok(Self {
            database,
            pgbench,
            script,
            seconds: seconds.to_string(),
        })
    }

    /// Orders in a thousand seconds: pgbench tells three decimals of a rate.
    pub(super) fn run(&self) -> Result<u64, Failure> {
        let mut pgbench = Command::new(&self.pgbench);
        pgbench
            .args(["--no-vacuum", "--protocol", "prepared"])
            .args(["--client", CLIENTS, "--jobs", THREADS])
            .args(["--time", &self.seconds, "--file"])
            .arg(&self.script);
        let told = steps::output(self.database.at(&mut pgbench, DATABASE))?;
        rate_milli(&told).ok_or_else(|| {
            Failure::Failed(format!("pgbench told no rate without failures:\n{told}"))
        })
    }
}

fn rate_milli(told: &str) -> Option<u64> {
    let line = |start: &str| told.lines().find_map(|line| line.strip_prefix(start));
    // Since PostgreSQL 15; where it is told it must be none.
    let failed = line("number of failed transactions: ");
    if failed.is_some_and(|failed| !failed.starts_with("0 ")) {
        return None;
    }
    let rate = line("tps = ")?.split_whitespace().next()?;
    let (whole, fraction) = rate.split_once('.').unwrap_or((rate, "0"));
    let thousandths: String = fraction.chars().chain("000".chars()).take(3).collect();
    Some(whole.parse::<u64>().ok()? * 1000 + thousandths.parse::<u64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_what_pgbench_tells() {
        let told = "number of failed transactions: 0 (0.000%)\nlatency average = 8 ms\n\
                    tps = 3912.345678 (without initial connection time)\n";
        assert_eq!(rate_milli(told), Some(3_912_345));
        assert_eq!(rate_milli("tps = 12\n"), Some(12_000));
        assert_eq!(rate_milli("tps = 7.5 (x)\n"), Some(7_500));
    }

    #[test]
    fn a_run_with_failures_is_no_yardstick() {
        let told = "number of failed transactions: 3 (0.100%)\ntps = 3912.3 (x)\n";
        assert_eq!(rate_milli(told), None);
        assert_eq!(rate_milli("connection failed"), None);
    }
}
