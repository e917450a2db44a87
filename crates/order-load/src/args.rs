//! The command line: names, defaults and bounds of everything that can be asked for.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::target::Target;
use crate::{import, place};

/// The longest run; a forgotten driver ends by itself.
const MAX_DURATION_SECONDS: u64 = 3600;
/// More connections than this measure the client's descriptors, not the service.
const MAX_CONNECTIONS: i64 = 4096;
/// Lines of an order, as the service bounds them.
const MAX_LINES: i64 = 1000;
/// Orders a second that an open loop may ask for.
const MAX_RATE_PER_SECOND: i64 = 1_000_000;

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
    Place(PlaceArguments),
    /// Replay real purchases through POST /v1/orders:batchPlace
    Import(ImportArguments),
}

/// `order-load place`.
#[derive(Debug, Args)]
pub struct PlaceArguments {
    /// Where REST is served; an address, not a name
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    pub url: Target,
    /// Connections kept open, each with one request at a time
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=MAX_CONNECTIONS))]
    pub connections: u16,
    /// How long to place orders: 500ms, 10s, 2m
    #[arg(long, default_value = "10s", value_parser = duration)]
    pub duration: Duration,
    /// Orders a second, sent on schedule whatever the answers do; without it each connection sends
    /// the next order when the last is answered
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=MAX_RATE_PER_SECOND))]
    pub rate: Option<u32>,
    /// Lines of each order
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=MAX_LINES))]
    pub lines: u16,
    /// The service's process id: adds its CPU time and memory
    #[arg(long)]
    pub pid: Option<u32>,
    /// Print JSON in place of the table
    #[arg(long)]
    pub json: bool,
}

/// `order-load import`.
#[derive(Debug, Args)]
pub struct ImportArguments {
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

impl From<PlaceArguments> for place::Plan {
    fn from(arguments: PlaceArguments) -> Self {
        Self {
            target: arguments.url,
            connections: arguments.connections,
            duration: arguments.duration,
            rate_per_second: arguments.rate,
            lines: arguments.lines,
            pid: arguments.pid,
        }
    }
}

impl From<ImportArguments> for import::Plan {
    fn from(arguments: ImportArguments) -> Self {
        Self {
            data: arguments.data,
            file: arguments.file,
            target: arguments.url,
            connections: arguments.connections,
            limit: arguments.limit,
        }
    }
}

/// Reads `500ms`, `10s` or `2m`.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits
        .parse()
        .map_err(|_| format!("{text:?} is no duration like 500ms, 10s or 2m"))?;
    let duration = match &text[digits.len()..] {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.saturating_mul(60)),
        _ => return Err(format!("{text:?} has no unit; write 500ms, 10s or 2m")),
    };
    if duration.is_zero() || duration > Duration::from_secs(MAX_DURATION_SECONDS) {
        return Err(format!(
            "{text:?} is not within 1ms and {MAX_DURATION_SECONDS}s"
        ));
    }
    Ok(duration)
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
    fn place_has_defaults_and_takes_all_options() {
        let Command::Place(plain) = parsed("order-load place").unwrap() else {
            panic!("no place")
        };
        assert_eq!((plain.connections, plain.lines, plain.rate), (32, 2, None));
        assert_eq!(plain.duration, Duration::from_secs(10));
        let line = "order-load place --url http://[::1]:80 --connections 256 --duration 500ms \
                    --rate 100 --lines 5 --pid 7 --json";
        let Command::Place(full) = parsed(line).unwrap() else {
            panic!("no place")
        };
        assert_eq!(
            (full.connections, full.lines, full.rate),
            (256, 5, Some(100))
        );
        assert_eq!(
            (full.duration, full.pid),
            (Duration::from_millis(500), Some(7))
        );
        assert!(full.json);
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
        for option in [
            "--connections 0",
            "--connections 4097",
            "--duration 3601s",
            "--duration 0s",
            "--rate 0",
            "--rate 1000001",
            "--lines 1001",
        ] {
            assert!(
                parsed(&format!("order-load place {option}")).is_err(),
                "{option}"
            );
        }
    }

    #[test]
    fn durations_have_units() {
        assert_eq!(duration("2m"), Ok(Duration::from_mins(2)));
        for wrong in ["10", "s", "-1s", "1h", "1.5s", "99999999999999999999s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
