//! `lab`: plays the faults and the mistakes of the network lab and prints what was seen.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool speaks on stdout and stderr"
)]

use clap::Parser;
use lab::{Fault, Lab, Network, Peers, missing, mutants, netcheck, report, scene};
use std::path::PathBuf;
use std::process::ExitCode;

/// Faults of every plane, and mistakes on purpose, in network namespaces made by the real CNI plugins.
#[derive(Debug, Parser)]
#[command(name = "lab", version, about)]
struct Arguments {
    /// The service's program
    #[arg(long)]
    service: PathBuf,
    /// The same, built with the feature `mutants`; without it no mistakes are played
    #[arg(long)]
    mutants: Option<PathBuf>,
    /// The program of order-load
    #[arg(long)]
    load: PathBuf,
    /// Faults of this plane alone: default, mgmt, data, storage; none: no faults
    #[arg(long)]
    only: Option<String>,
    /// Leaves what was captured while faults came and went in this folder, a file for each network
    #[arg(long)]
    captures: Option<PathBuf>,
    /// Writes the tables there, in Markdown
    #[arg(long)]
    report: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(reason) = missing() {
        eprintln!("lab: {reason}");
        return ExitCode::FAILURE;
    }
    let lab = Lab::new();
    let peers = Peers::start(&lab);
    let rows = rows(arguments.only.as_deref());
    let told = (!rows.is_empty()).then(|| {
        scene::play(
            &lab,
            &peers,
            &arguments.service,
            &arguments.load,
            &rows,
            arguments.captures.as_deref(),
            |row| println!("{}", report::line(row)),
        )
    });
    let checked = netcheck::play(&lab, &peers, &arguments.service);
    let caught = arguments
        .mutants
        .as_deref()
        .map(|program| mutants::play(&lab, &peers, &arguments.service, program));
    let caught = caught.unwrap_or_default();

    let text = report::markdown(told.as_ref(), &checked, &caught);
    println!("{text}");
    if let Some(file) = &arguments.report
        && let Err(error) = std::fs::write(file, &text)
    {
        eprintln!("lab: cannot write {}: {error}", file.display());
        return ExitCode::FAILURE;
    }
    let mut broken = told.map(|told| told.broken()).unwrap_or_default();
    broken.extend(checked.broken());
    let unseen = caught.iter().filter(|one| !one.holds());
    broken.extend(unseen.map(|one| format!("mistake {}: {:?}", one.mutant, one.evidence)));
    for one in &broken {
        eprintln!("lab: {one}");
    }
    if broken.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Every fault of every plane, or of the one that is named.
fn rows(only: Option<&str>) -> Vec<(Network, Fault)> {
    let chosen = |network: &Network| only.is_none_or(|name| network.name() == name);
    let networks = Network::ALL.into_iter().filter(chosen);
    networks
        .flat_map(|network| Fault::ALL.map(|fault| (network, fault)))
        .collect()
}
