//! `order-service netcheck isolate`: tries what must fail.

use super::{json, scene, to_json};
use crate::config::Config;
use crate::{print, serve};
use clap::{Arg, ArgAction, ArgMatches, Command};
use netcheck::{Closed, Passage, isolate, isolate_from};
use planes::{Plane, PlaneKind};
use std::fmt::Write as _;
use std::net::SocketAddr;

pub(super) fn command() -> Command {
    Command::new("isolate")
        .about("Try to reach each plane's peers from every other plane: nobody may answer")
        .long_about(
            "Tries to connect to the database, Redis and Kafka from every plane that is not theirs. Who answers \
             there, even by refusing, was reached, so the networks are not apart. Without settings, such as from \
             the database's pod, say from where and whereto: netcheck isolate --from eth0 --to 10.20.0.50:9092",
        )
        .arg(json())
        .arg(
            Arg::new("from")
                .long("from")
                .value_name("INTERFACE")
                .requires("to")
                .help("Try from this interface only"),
        )
        .arg(
            Arg::new("to")
                .long("to")
                .value_name("IP:PORT")
                .action(ArgAction::Append)
                .requires("from")
                .value_parser(clap::value_parser!(SocketAddr))
                .help("Try this address; may be given several times"),
        )
}

pub(super) fn run(matches: &ArgMatches, config: &Config) -> Result<(), String> {
    let runtime = serve::runtime()?;
    let passages = match matches.get_one::<String>("from") {
        Some(interface) => {
            let from =
                Plane::bound(PlaneKind::Default, interface).map_err(|error| error.to_string())?;
            let to: Vec<SocketAddr> = matches
                .get_many("to")
                .into_iter()
                .flatten()
                .copied()
                .collect();
            runtime.block_on(isolate_from(&from, &to))
        }
        None => runtime.block_on(async {
            let (scene, unknown) = scene::of(config).await;
            for one in unknown {
                tracing::warn!(reason = one.reason, "a peer is not tried");
            }
            isolate(&scene).await
        }),
    };
    if passages.is_empty() {
        return Err(
            "there is nothing to try: it takes two planes with interfaces of their own and a peer on one of them (set DATA_INTERFACE, STORAGE_INTERFACE, DATABASE_URL, KAFKA_BROKERS …), or --from and --to"
                .to_owned(),
        );
    }
    if matches.get_flag("json") {
        print(&to_json(&passages)?)?;
    } else {
        print(&table(&passages))?;
    }
    let open = passages
        .iter()
        .filter(|one| one.closed == Closed::No)
        .count();
    if open > 0 {
        return Err(format!(
            "{open} of {} passages between planes are open: check routes, bridges and policies of the networks",
            passages.len()
        ));
    }
    Ok(())
}

fn table(passages: &[Passage]) -> String {
    let mut text = String::new();
    for passage in passages {
        let closed = match passage.closed {
            Closed::Yes => "closed",
            Closed::No => "OPEN",
            Closed::CannotTell => "cannot tell",
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{closed:<12} from the {} to {}: {}",
            passage.from, passage.to, passage.evidence
        );
    }
    text
}
