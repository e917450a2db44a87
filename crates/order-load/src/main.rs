//! The command line of `order-load`: arguments in, a table or JSON out, exit code 1 where an order
//! failed.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool speaks on stdout and stderr"
)]

use std::process::ExitCode;

use clap::Parser;
use order_load::LoadError;
use order_load::args::{Arguments, Command};
use order_load::{import, place};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("order-load: not every order was placed; see above");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("order-load: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every order was placed.
fn run(command: Command) -> Result<bool, LoadError> {
    // One thread: the driver shares the machine with the service, and one is enough for both of its
    // tasks. What it costs is then plain to see.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(LoadError::Runtime)?;
    match command {
        Command::Place(arguments) => {
            let json = arguments.json;
            let report = runtime.block_on(place::run(arguments.into()))?;
            print(json, &report, &report)?;
            Ok(report.is_clean())
        }
        Command::Import(arguments) => {
            let json = arguments.json;
            let report = runtime.block_on(import::run(arguments.into()))?;
            print(json, &report, &report)?;
            Ok(report.is_clean())
        }
    }
}

fn print(
    json: bool,
    data: &impl serde::Serialize,
    table: &impl std::fmt::Display,
) -> Result<(), LoadError> {
    if json {
        println!("{}", serde_json::to_string(data).map_err(LoadError::Json)?);
    } else {
        print!("{table}");
    }
    Ok(())
}
