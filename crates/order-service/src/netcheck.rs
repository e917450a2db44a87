//! `order-service netcheck`: what is wrong with this pod's networks, and what to do about each.

use crate::config::{Config, Database};
use crate::{print, serve};
use adapter_postgres::Address;
use clap::{Arg, ArgAction, ArgMatches, Command};
use netcheck::{CannotTell, Report, Scene, Severity, judge, look};
use planes::{Peer, PlaneKind};
use std::fmt::Write as _;
use std::path::PathBuf;

/// As the C library and the resolver read it.
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// The command.
pub(crate) fn command() -> Command {
    Command::new("netcheck")
        .about("Say what is wrong with the networks of this pod, and what to do")
        .long_about(
            "Looks at the interfaces of the planes, at routes, at what Multus says and at the kernel's settings, \
             with the settings that the service has, and tells what is wrong with one line of advice each. Reads \
             only, takes no privileges, sends nothing but questions for the names of peers. Exit code 1 where \
             something critical was found.",
        )
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("Print JSON in place of the table"),
        )
}

/// Looks and tells. An error where something critical was found.
pub(crate) fn run(matches: &ArgMatches, config: &Config) -> Result<(), String> {
    let (scene, unknown) = serve::runtime()?.block_on(scene(config));
    let pod = look(&scene).map_err(|error| error.to_string())?;
    let mut report = judge(&pod);
    report.cannot_tell.extend(unknown);
    if matches.get_flag("json") {
        let json = serde_json::to_string_pretty(&report).map_err(|error| error.to_string())?;
        print(&json)?;
    } else {
        print(&table(config, &report))?;
    }
    let critical = report.findings.iter().filter(|one| one.severity == Severity::Critical);
    let ids: Vec<&str> = critical.map(|one| one.id).collect();
    if ids.is_empty() {
        Ok(())
    } else {
        Err(format!("netcheck found {}: see the advice above", ids.join(", ")))
    }
}

/// What to look at; and names that nobody could find, whose peers are not looked at.
async fn scene(config: &Config) -> (Scene, Vec<CannotTell>) {
    let (mut peers, mut unknown) = (Vec::new(), Vec::new());
    for (name, kind, peer) in peers_of(config) {
        match config.resolver.addresses(peer.host()).await {
            Ok(addresses) => peers.push((name.to_owned(), kind, addresses)),
            Err(error) => unknown.push(CannotTell {
                id: "RTE003",
                reason: format!("{name}: {error}"),
            }),
        }
    }
    let planes: Vec<_> = config.planes.all().into_iter().cloned().collect();
    let bound = planes.iter().any(|plane| plane.interface().is_some());
    let scene = Scene {
        planes,
        dns_plane: config.resolver.plane().kind(),
        peers,
        // Outside a cluster nobody writes it.
        status_file: bound.then(|| config.network_status_file.clone()),
        resolv_conf: PathBuf::from(RESOLV_CONF),
    };
    (scene, unknown)
}

fn peers_of(config: &Config) -> Vec<(&'static str, PlaneKind, Peer)> {
    let mut peers = Vec::new();
    if let Database::Postgres(postgres) = &config.database
        && let Address::Tcp(peer) = &postgres.address
    {
        peers.push(("database", PlaneKind::Storage, peer.clone()));
    }
    if let Some(redis) = &config.shared.redis {
        peers.push(("redis", PlaneKind::Storage, redis.peer.clone()));
    }
    if let Some(kafka) = &config.kafka {
        let brokers = kafka.brokers().split(',').filter_map(|broker| broker.trim().parse().ok());
        peers.extend(brokers.map(|broker| ("kafka", PlaneKind::Data, broker)));
    }
    peers
}

fn table(config: &Config, report: &Report) -> String {
    let mut text = String::from("plane       interface\n");
    // Writing to a string cannot fail.
    for plane in config.planes.all() {
        let interface = plane.interface().unwrap_or("not bound");
        let _ = writeln!(text, "{:<11} {interface}", plane.kind().name());
    }
    text.push('\n');
    for finding in &report.findings {
        let _ = writeln!(
            text,
            "{:<11} {}  {}: {}\n{:<11} → {}",
            finding.severity.name(),
            finding.id,
            finding.subject,
            finding.evidence,
            "",
            finding.advice
        );
    }
    for one in &report.cannot_tell {
        let _ = writeln!(text, "{:<11} {}  {}", "cannot tell", one.id, one.reason);
    }
    let count = |severity| report.findings.iter().filter(|one| one.severity == severity).count();
    let _ = writeln!(
        text,
        "{} critical, {} warnings, {} for information",
        count(Severity::Critical),
        count(Severity::Warning),
        count(Severity::Information)
    );
    text
}

