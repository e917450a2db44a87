//! `order-service netcheck`: what is wrong with this pod's networks, and what to do about each.

mod isolate;
mod perf;
mod running;
mod scene;
mod table;

pub(crate) use running::Running;

use crate::config::Config;
use crate::{print, serve};
use clap::{Arg, ArgAction, ArgMatches, Command};
use netcheck::pod::Pod;
use netcheck::{CannotTell, Report, Severity, catalogue, judge, look, probe};

/// What only the running service knows: it is told by its page, and by `/api/netcheck`.
const KNOWN_TO_THE_SERVICE: [&str; 3] = ["NET004", "TLS002", "IPD001"];

/// The command.
pub(crate) fn command() -> Command {
    Command::new("netcheck")
        .about("Say what is wrong with the networks of this pod, and what to do")
        .long_about(
            "Looks at the interfaces of the planes, at routes, sockets, neighbours and certificates, at what Multus \
             says and at the kernel's settings, and tells what is wrong with one line of advice each. Takes no \
             privileges and changes nothing. It connects to each peer once and sends some ICMP echoes; --look alone \
             sends nothing but questions for the names of peers. Run it in the pod with the service's settings.",
        )
        .after_help("Exit codes: 0 nothing as grave as --fail-on was found, 1 something was, 2 wrong usage.")
        .arg(json())
        .arg(
            Arg::new("look")
                .long("look")
                .action(ArgAction::SetTrue)
                .help("Look only: connect to no peer"),
        )
        .arg(
            Arg::new("fail_on")
                .long("fail-on")
                .value_name("SEVERITY")
                .value_parser(["critical", "warning", "information", "never"])
                .default_value("critical")
                .help("From which severity on a finding is a failure"),
        )
        .arg(
            Arg::new("list")
                .long("list")
                .action(ArgAction::SetTrue)
                .help("Print every check with its id, severity, trigger and advice, in Markdown; look at nothing"),
        )
        .subcommand(isolate::command())
        .subcommand(perf::command())
}

/// `--json`, of every command here.
fn json() -> Arg {
    Arg::new("json")
        .long("json")
        .action(ArgAction::SetTrue)
        .help("Print JSON in place of the table")
}

/// Looks and tells.
pub(crate) fn run(
    matches: &ArgMatches,
    read: impl FnOnce(&ArgMatches) -> Result<Config, String>,
) -> Result<(), String> {
    match matches.subcommand() {
        Some(("isolate", sub)) => isolate::run(sub, &read(sub)?),
        Some(("perf", sub)) => perf::run(sub, &read(sub)?),
        _ if matches.get_flag("list") => print(&catalogue::markdown()),
        _ => check(matches, &read(matches)?),
    }
}

fn check(matches: &ArgMatches, config: &Config) -> Result<(), String> {
    let peers = !matches.get_flag("look");
    let mut report = serve::runtime()?.block_on(report(config, peers, |_| ()))?;
    let unknown = KNOWN_TO_THE_SERVICE.into_iter().map(|id| CannotTell {
        id,
        reason:
            "only the running service knows: see its page, or /api/netcheck of its management port"
                .to_owned(),
    });
    report.cannot_tell.extend(unknown);
    if matches.get_flag("json") {
        print(&to_json(&report)?)?;
    } else {
        print(&table::of(config, &report))?;
    }
    verdict(
        &report,
        matches
            .get_one::<String>("fail_on")
            .map_or("critical", String::as_str),
    )
}

/// The whole report of this process's network namespace; `peers`: each is tried as well; `add` adds what only
/// the caller knows.
async fn report(
    config: &Config,
    peers: bool,
    add: impl FnOnce(&mut Pod),
) -> Result<Report, String> {
    let (scene, unknown) = scene::of(config).await;
    let mut pod = look(&scene).map_err(|error| error.to_string())?;
    pod.cannot_tell.extend(unknown);
    add(&mut pod);
    if peers {
        probe(&scene, &mut pod)
            .await
            .map_err(|error| error.to_string())?;
        scene::advertised(config, &scene, &mut pod).await?;
    }
    Ok(judge(&pod))
}

fn to_json(report: &impl serde::Serialize) -> Result<String, String> {
    serde_json::to_string_pretty(report).map_err(|error| error.to_string())
}

fn verdict(report: &Report, fail_on: &str) -> Result<(), String> {
    let least = match fail_on {
        "critical" => Severity::Critical,
        "warning" => Severity::Warning,
        "information" => Severity::Information,
        _ => return Ok(()),
    };
    let mut ids: Vec<&str> = report
        .findings
        .iter()
        .filter(|one| one.severity >= least)
        .map(|one| one.id)
        .collect();
    ids.dedup();
    if ids.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "netcheck found {}: see the advice above",
            ids.join(", ")
        ))
    }
}
