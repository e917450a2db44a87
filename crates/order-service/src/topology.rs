//! `order-service topology`: the networks of this pod, what they carry, and which policies are held here.

mod traffic;

use crate::config::Config;
use crate::print;
use clap::{Arg, ArgAction, ArgMatches, Command};
use netcheck::{Scene, look};
use planes::Plane;
use std::path::PathBuf;
use topology::{Facts, describe, table};

/// As the C library and the resolver read it.
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// The command.
pub(crate) fn command() -> Command {
    Command::new("topology")
        .about("Show the networks of this pod, what they carry and which policies are held")
        .long_about(
            "Shows the four networks with the settings that the service has: interfaces, addresses, what is \
             configured to go by each, and the sockets of this pod now, where the service runs beside it. Then \
             which part of the service speaks by which network, and whether each network is kept to what it is \
             for and encrypted, as far as that can be seen from inside the pod. Reads only, takes no privileges, \
             sends nothing.",
        )
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("Print JSON, whose names are stable, in place of the table"),
        )
}

/// Looks and tells.
pub(crate) fn run(matches: &ArgMatches, config: &Config) -> Result<(), String> {
    let topology = describe(&facts(config)?);
    if matches.get_flag("json") {
        let json = serde_json::to_string_pretty(&topology).map_err(|error| error.to_string())?;
        print(&json)
    } else {
        print(&table(&topology))
    }
}

fn facts(config: &Config) -> Result<Facts, String> {
    let planes: Vec<Plane> = config.planes.all().into_iter().cloned().collect();
    let bound = planes.iter().any(|plane| plane.interface().is_some());
    let scene = Scene {
        planes: planes.clone(),
        dns_plane: config.resolver.plane().kind(),
        // Nobody's name is asked for.
        peers: Vec::new(),
        node_addresses: Vec::new(),
        certificates: Vec::new(),
        // Outside a cluster nobody writes it.
        status_file: bound.then(|| config.network_status_file.clone()),
        resolv_conf: PathBuf::from(RESOLV_CONF),
    };
    let pod = look(&scene).map_err(|error| error.to_string())?;
    let sockets = planes::look_at_sockets(planes)
        .map(|(sockets, _)| sockets)
        .map_err(|error| error.to_string());
    let servers = pod.name_servers.iter().map(|server| server.address);
    Ok(Facts {
        traffic: traffic::of(config, &servers.collect::<Vec<_>>()),
        pod,
        sockets,
    })
}
