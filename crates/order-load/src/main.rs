//! The command line of `order-load`: arguments in, a table or JSON out, exit code 1 where a call was
//! not answered as asked.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool speaks on stdout and stderr"
)]

use std::process::ExitCode;

use clap::Parser;
use order_load::args::{Arguments, Command, EchoServe, Fill, Get, List};
use order_load::echo::serve::Echo;
use order_load::fill::Filling;
use order_load::ids::Ids;
use order_load::list::Of;
use order_load::report::Report;
use order_load::template::CUSTOMERS;
use order_load::{LoadError, echo, fill, get, import, list, place};
use serde::Serialize;

/// What the service has: the driver and the echo are to be as cheap as it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("order-load: not every call was answered as asked; see above");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("order-load: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every call was answered as asked.
fn run(command: Command) -> Result<bool, LoadError> {
    // Callers have threads of their own; this one waits for them.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(LoadError::Runtime)?;
    match command {
        Command::Place(place) => {
            let work = place::run(place.run.plan(), place.run.protocol, place.lines);
            told(place.run.common.json, &runtime.block_on(work)?)
        }
        Command::Get(arguments) => {
            let report = runtime.block_on(read(&arguments))?;
            told(arguments.run.common.json, &report)
        }
        Command::List(List { run, customers }) => {
            let of = customers.map_or(Of::All, Of::Customers);
            let work = list::run(run.plan(), run.protocol, of);
            told(run.common.json, &runtime.block_on(work)?)
        }
        Command::Fill(arguments) => told(arguments.json, &runtime.block_on(filled(&arguments))?),
        Command::Echo(run) => told(run.common.json, &runtime.block_on(echo::run(run.plan()))?),
        Command::EchoServe(arguments) => serve_echo(&arguments).map(|()| true),
        Command::Import(arguments) => {
            let json = arguments.json;
            let report = runtime.block_on(import::run(arguments.into()))?;
            print(json, &report, &report)?;
            Ok(report.is_clean())
        }
    }
}

async fn read(arguments: &Get) -> Result<Report, LoadError> {
    let (run, plan) = (&arguments.run, arguments.run.plan());
    let ids = if let Some(path) = &arguments.ids_file {
        Ids::read(path)?
    } else {
        let filling = Filling {
            target: plan.target.clone(),
            protocol: run.protocol,
            orders: arguments.ids,
            customers: CUSTOMERS,
            every: 1,
        };
        fill::fill(&filling).await?.1
    };
    let mut plan = plan;
    plan.target.max_age_seconds = arguments.max_age;
    get::run(plan, run.protocol, ids).await
}

async fn filled(arguments: &Fill) -> Result<Report, LoadError> {
    let (report, ids) = fill::fill(&arguments.into()).await?;
    if let Some(path) = &arguments.ids_file {
        ids.write(path)?;
    }
    Ok(report)
}

fn serve_echo(arguments: &EchoServe) -> Result<(), LoadError> {
    let size = usize::try_from(arguments.answer_bytes).unwrap_or(usize::MAX);
    let echo = Echo::start(arguments.listen, arguments.threads.into(), size)?;
    println!("{}", echo.local_addr());
    echo.wait()
}

fn told(json: bool, report: &Report) -> Result<bool, LoadError> {
    print(json, report, report)?;
    Ok(report.is_clean())
}

fn print(
    json: bool,
    data: &impl Serialize,
    table: &impl std::fmt::Display,
) -> Result<(), LoadError> {
    if json {
        println!("{}", serde_json::to_string(data).map_err(LoadError::Json)?);
    } else {
        print!("{table}");
    }
    Ok(())
}
