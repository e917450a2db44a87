//! The command line: names, defaults and bounds of everything that can be asked for.

mod duration;
mod run;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::target::{Protocol, Target};
use crate::{fill, import};

pub use run::{GrpcRun, Run};

/// Lines of an order, as the service bounds them.
const MAX_LINES: i64 = 1000;
/// Customers have four digits.
const MAX_CUSTOMERS: i64 = 10_000;
/// Orders that are placed before others are read.
const MAX_IDS: u64 = 10_000_000;
/// Orders that `fill` places.
const MAX_ORDERS: u64 = 1_000_000_000;
/// Threads of the driver or the echo.
const MAX_THREADS: i64 = 64;

/// Drives a running order service.
#[derive(Debug, Parser)]
#[command(name = "order-load", version, about)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Place orders as fast as they are answered, or at a rate, and measure
    Place(Place),
    /// Read orders by their ids and measure
    Get(Get),
    /// Read first pages of orders and measure
    List(List),
    /// Place many orders in batches
    Fill(Fill),
    /// Call an echo and measure: the yardstick of get
    Echo(GrpcRun),
    /// Serve the echo until killed; prints where
    EchoServe(EchoServe),
    /// Replay real purchases through POST /v1/orders:batchPlace
    Import(Import),
}

/// `order-load place`.
#[derive(Debug, Args)]
pub struct Place {
    /// Who calls whom, and when.
    #[command(flatten)]
    pub run: Run,
    /// Lines of each order
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=MAX_LINES))]
    pub lines: u16,
}

/// `order-load get`.
#[derive(Debug, Args)]
pub struct Get {
    /// Who calls whom, and when.
    #[command(flatten)]
    pub run: Run,
    /// So many orders are placed first, and read
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=MAX_IDS))]
    pub ids: u64,
    /// Read orders whose ids are in this file, one a line, as fill writes it
    #[arg(long, conflicts_with = "ids")]
    pub ids_file: Option<PathBuf>,
    /// Answers of that age in seconds will do; without it every answer is fresh
    #[arg(long)]
    pub max_age: Option<u32>,
}

/// `order-load list`.
#[derive(Debug, Args)]
pub struct List {
    /// Who calls whom, and when.
    #[command(flatten)]
    pub run: Run,
    /// Orders of so many customers in turn; without it the newest of all
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=MAX_CUSTOMERS))]
    pub customers: Option<u16>,
}

/// `order-load fill`.
#[derive(Debug, Args)]
pub struct Fill {
    /// How the service is spoken to
    #[arg(long, value_enum, default_value_t = Protocol::Grpc)]
    pub protocol: Protocol,
    /// Where it is served; an address, not a name [default: the protocol's port on this machine]
    #[arg(long)]
    pub url: Option<Target>,
    /// How many orders, rounded up to whole batches of 1,000
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..=MAX_ORDERS))]
    pub orders: u64,
    /// Customers that they are spread over
    #[arg(long, default_value_t = crate::template::CUSTOMERS, value_parser = clap::value_parser!(u16).range(1..=MAX_CUSTOMERS))]
    pub customers: u16,
    /// Write ids here, one a line
    #[arg(long)]
    pub ids_file: Option<PathBuf>,
    /// The id of one in so many orders of each batch
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub every: u32,
    /// Print JSON in place of the table
    #[arg(long)]
    pub json: bool,
}

/// `order-load echo-serve`.
#[derive(Debug, Args)]
pub struct EchoServe {
    /// Where to listen; port 0: any
    #[arg(long, default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Threads, each with a listener of its own
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=MAX_THREADS))]
    pub threads: u16,
    /// The size of the answer
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(4..=1_000_000))]
    pub answer_bytes: u32,
}

/// `order-load import`.
#[derive(Debug, Args)]
pub struct Import {
    /// The shape of the file
    pub data: import::DataSet,
    /// The file to read
    #[arg(long)]
    pub file: PathBuf,
    /// Where REST is served; an address, not a name
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    pub url: Target,
    /// Batches on their way at a time
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub connections: u16,
    /// Only the first so many orders of the file
    #[arg(long)]
    pub limit: Option<usize>,
    /// Print JSON in place of the table
    #[arg(long)]
    pub json: bool,
}

impl From<&Fill> for fill::Filling {
    fn from(arguments: &Fill) -> Self {
        let default = || arguments.protocol.default_target();
        Self {
            target: arguments.url.clone().unwrap_or_else(default),
            protocol: arguments.protocol,
            orders: arguments.orders,
            customers: arguments.customers,
            every: arguments.every,
        }
    }
}

impl From<Import> for import::Plan {
    fn from(arguments: Import) -> Self {
        Self {
            data: arguments.data,
            file: arguments.file,
            target: arguments.url,
            connections: arguments.connections,
            limit: arguments.limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, clap::Error> {
        Arguments::try_parse_from(line.split(' ')).map(|arguments| arguments.command)
    }

    #[test]
    fn the_command_line_is_sound() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn every_subcommand_has_defaults() {
        for line in ["place", "get", "list", "fill", "echo", "echo-serve"] {
            assert!(parsed(&format!("order-load {line}")).is_ok(), "{line}");
        }
    }

    #[test]
    fn import_wants_a_data_set_and_a_file() {
        let Command::Import(import) = parsed("order-load import cdnow --file x").unwrap() else {
            panic!("no import")
        };
        assert_eq!(
            (import.data, import.connections),
            (import::DataSet::Cdnow, 4)
        );
        assert!(parsed("order-load import cdnow").is_err());
        assert!(parsed("order-load import groceries --file x").is_err());
    }

    #[test]
    fn everything_is_bounded() {
        for options in [
            "place --callers 0",
            "place --callers 4097",
            "place --connections 0",
            "place --threads 65",
            "place --duration 3601s",
            "place --warm-up 3601s",
            "place --rate 0",
            "place --rate 1000001",
            "place --lines 1001",
            "get --ids 0",
            "get --ids 5 --ids-file x",
            "list --customers 10001",
            "fill --every 0",
            "echo --protocol rest",
            "echo-serve --answer-bytes 1",
        ] {
            let line = format!("order-load {options}");
            assert!(parsed(&line).is_err(), "{options}");
        }
    }
}
