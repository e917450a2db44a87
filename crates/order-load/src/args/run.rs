//! What every run that measures takes.

use std::time::Duration;

use clap::Args;

use super::MAX_THREADS;
use super::duration::duration;
use crate::drive::Plan;
use crate::pace::Schedule;
use crate::process::Watched;
use crate::target::{Protocol, Target};

/// More callers than this measure the client's descriptors, not the service.
const MAX_CALLERS: i64 = 4096;
/// Calls a second that an open loop may ask for.
const MAX_RATE_PER_SECOND: i64 = 1_000_000;

/// A run by either protocol.
#[derive(Debug, Args)]
pub struct Run {
    /// How the service is spoken to
    #[arg(long, value_enum, default_value_t = Protocol::Rest)]
    pub protocol: Protocol,
    /// The rest.
    #[command(flatten)]
    pub common: Common,
}

/// A run by gRPC.
#[derive(Debug, Args)]
pub struct GrpcRun {
    /// The rest.
    #[command(flatten)]
    pub common: Common,
}

/// Who calls whom, and when.
#[derive(Debug, Args)]
pub struct Common {
    /// Where it is served; an address, not a name [default: the protocol's port on this machine]
    #[arg(long)]
    pub url: Option<Target>,
    /// Callers, each with one call at a time
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=MAX_CALLERS))]
    pub callers: u16,
    /// Connections that callers by gRPC share; REST has one for each caller
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=MAX_CALLERS))]
    pub connections: u16,
    /// Threads that make the calls
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=MAX_THREADS))]
    pub threads: u16,
    /// How long calls are counted: 500ms, 10s, 2m
    #[arg(long, default_value = "10s", value_parser = duration)]
    pub duration: Duration,
    /// How long calls are made before, and not counted
    #[arg(long, default_value = "0s", value_parser = duration)]
    pub warm_up: Duration,
    /// Calls a second, made on schedule whatever the answers do; without it each caller calls again
    /// when the last call is answered
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=MAX_RATE_PER_SECOND))]
    pub rate: Option<u32>,
    /// A process whose CPU time and memory are told: NAME=PID, or PID of the service
    #[arg(long = "pid", value_name = "NAME=PID")]
    pub processes: Vec<Watched>,
    /// The same with its descendants, as of a PostgreSQL server: CPU time alone
    #[arg(long = "pid-tree", value_name = "NAME=PID")]
    pub trees: Vec<Watched>,
    /// Print JSON in place of the table
    #[arg(long)]
    pub json: bool,
}

impl Run {
    /// The engine's plan.
    pub fn plan(&self) -> Plan {
        self.common.plan(self.protocol)
    }
}

impl GrpcRun {
    /// The engine's plan.
    pub fn plan(&self) -> Plan {
        self.common.plan(Protocol::Grpc)
    }
}

impl Common {
    fn plan(&self, protocol: Protocol) -> Plan {
        let trees = self.trees.iter().cloned();
        let trees = trees.map(|watched| Watched {
            tree: true,
            ..watched
        });
        let url = self.url.clone();
        Plan {
            target: url.unwrap_or_else(|| protocol.default_target()),
            callers: self.callers,
            connections: match protocol {
                Protocol::Grpc => self.connections,
                Protocol::Rest => self.callers,
            },
            threads: self.threads,
            schedule: Schedule {
                warm_up: self.warm_up,
                duration: self.duration,
                rate_per_second: self.rate,
                limit: None,
            },
            watched: self.processes.iter().cloned().chain(trees).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Arguments, Command};
    use super::*;
    use clap::Parser as _;

    fn place(options: &str) -> Run {
        let line = format!("order-load place{options}");
        let parsed = Arguments::try_parse_from(line.split(' ')).unwrap();
        let Command::Place(place) = parsed.command else {
            panic!("no place")
        };
        place.run
    }

    #[test]
    fn the_defaults_are_a_closed_loop_by_rest() {
        let run = place("");
        let plan = run.plan();
        assert_eq!(run.protocol, Protocol::Rest);
        assert_eq!(plan.target, Protocol::Rest.default_target());
        assert_eq!((plan.callers, plan.connections, plan.threads), (32, 32, 1));
        assert_eq!(plan.schedule.rate_per_second, None);
        assert_eq!(plan.schedule.duration, Duration::from_secs(10));
    }

    #[test]
    fn everything_can_be_said() {
        let options = " --protocol grpc --url http://[::1]:80 --callers 256 --connections 4 \
                       --threads 2 --duration 500ms --warm-up 2s --rate 100 --pid 7 \
                       --pid-tree database=8 --json";
        let run = place(
            &options
                .split_whitespace()
                .fold(String::new(), |line, word| line + " " + word),
        );
        let plan = run.plan();
        assert_eq!((plan.callers, plan.connections, plan.threads), (256, 4, 2));
        let expected = Schedule {
            warm_up: Duration::from_secs(2),
            duration: Duration::from_millis(500),
            rate_per_second: Some(100),
            limit: None,
        };
        assert_eq!(plan.schedule, expected);
        let watched = plan
            .watched
            .iter()
            .map(|w| (w.name.as_str(), w.pid, w.tree));
        let watched: Vec<_> = watched.collect();
        assert_eq!(watched, [("service", 7, false), ("database", 8, true)]);
        assert!(run.common.json);
    }
}
