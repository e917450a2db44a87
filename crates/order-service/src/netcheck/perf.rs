//! `order-service netcheck perf`: what each plane gives, against the same program in another pod.

use super::{json, to_json};
use crate::config::Config;
use crate::{print, serve, shutdown};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use netcheck::perf::{Measured, PERF_PORT, answer, listen_for_measurements, measure};
use planes::{Plane, PlaneKind};
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// The other end goes by itself after so long at most: nothing is left behind.
const MAX_SERVE_SECONDS: u64 = 3_600;

pub(super) fn command() -> Command {
    Command::new("perf")
        .about("Measure throughput and latency of planes, against netcheck perf --serve in another pod")
        .long_about(
            "In one pod: order-service netcheck perf --serve\n\
             In another:  order-service netcheck perf data=10.20.0.101 storage=10.30.0.101\n\n\
             Each plane is measured by a socket that is bound to it: a second of echoes of 64 bytes, then --seconds \
             in each direction over one connection, without TLS.",
        )
        .arg(json())
        .arg(
            Arg::new("target")
                .value_name("PLANE=IP[:PORT]")
                .num_args(0..)
                .value_parser(target)
                .help("A plane (default, management, data, storage) and the other end's address on it"),
        )
        .arg(
            Arg::new("seconds")
                .long("seconds")
                .value_name("N")
                .value_parser(value_parser!(u64).range(1..=30))
                .default_value("3")
                .help("How long to send, and to receive"),
        )
        .arg(
            Arg::new("serve")
                .long("serve")
                .action(ArgAction::SetTrue)
                .conflicts_with("target")
                .help("Be the other end: listen on every plane"),
        )
        .arg(
            Arg::new("for")
                .long("for")
                .value_name("SECONDS")
                .value_parser(value_parser!(u64).range(1..=MAX_SERVE_SECONDS))
                .default_value("600")
                .requires("serve")
                .help("How long to be the other end"),
        )
        .arg(
            Arg::new("port")
                .long("port")
                .value_name("PORT")
                .value_parser(value_parser!(u16).range(1..))
                .default_value("9099")
                .help("Where the other end listens"),
        )
}

/// A plane and where the other end is; without a port: where `--port` says.
type Target = (PlaneKind, IpAddr, Option<u16>);

fn target(text: &str) -> Result<Target, String> {
    let wanted = "expected PLANE=IP or PLANE=IP:PORT such as storage=10.30.0.101";
    let (plane, address) = text.split_once('=').ok_or(wanted)?;
    let kind = PlaneKind::ALL.into_iter().find(|kind| kind.name() == plane);
    let kind = kind.ok_or_else(|| {
        format!("{plane:?} is no plane; they are default, management, data and storage")
    })?;
    if let Ok(ip) = address.parse() {
        return Ok((kind, ip, None));
    }
    let address: SocketAddr = address.parse().map_err(|_| wanted)?;
    Ok((kind, address.ip(), Some(address.port())))
}

pub(super) fn run(matches: &ArgMatches, config: &Config) -> Result<(), String> {
    let runtime = serve::runtime()?;
    let port = matches.get_one("port").copied().unwrap_or(PERF_PORT);
    if matches.get_flag("serve") {
        let seconds = matches.get_one("for").copied().unwrap_or(600);
        return runtime.block_on(be_the_other_end(config, port, Duration::from_secs(seconds)));
    }
    let targets: Vec<Target> = matches
        .get_many("target")
        .into_iter()
        .flatten()
        .copied()
        .collect();
    if targets.is_empty() {
        return Err("there is nothing to measure: name planes and addresses such as storage=10.30.0.101, or be the other end with --serve".to_owned());
    }
    let seconds = matches.get_one("seconds").copied().unwrap_or(3);
    let measured = runtime.block_on(async {
        let mut all = Vec::new();
        // One after the other: planes share the processors.
        for (kind, ip, own_port) in targets {
            let plane = config
                .planes
                .all()
                .into_iter()
                .find(|plane| plane.kind() == kind);
            let Some(plane) = plane else { continue };
            let peer = SocketAddr::new(ip, own_port.unwrap_or(port));
            let measured = measure(plane, peer, Duration::from_secs(seconds)).await;
            all.push(measured.map_err(|error| error.to_string())?);
        }
        Ok::<_, String>(all)
    })?;
    if matches.get_flag("json") {
        print(&to_json(&measured)?)
    } else {
        print(&table(&measured))
    }
}

async fn be_the_other_end(config: &Config, port: u16, time: Duration) -> Result<(), String> {
    let planes = config.planes.all();
    let mut planes: Vec<&Plane> = planes
        .into_iter()
        .filter(|plane| plane.interface().is_some())
        .collect();
    let unbound = Plane::unbound(PlaneKind::Default);
    if planes.is_empty() {
        planes.push(&unbound);
    }
    planes.dedup_by_key(|plane| plane.interface());
    let (stop, stopped) = watch::channel(false);
    let mut ends = JoinSet::new();
    for plane in planes {
        let listener = listen_for_measurements(plane, port).map_err(|error| error.to_string())?;
        let mut stopped = stopped.clone();
        ends.spawn(answer(listener, async move {
            let _ = stopped.wait_for(|stop| *stop).await;
        }));
        print(&format!(
            "listening on port {port} of the {plane} for {} s",
            time.as_secs()
        ))?;
    }
    let signal =
        shutdown::stop_signal().map_err(|error| format!("signals cannot be heard: {error}"))?;
    tokio::select! {
        () = sleep(time) => {}
        _ = signal => {}
    }
    stop.send_replace(true);
    while ends.join_next().await.is_some() {}
    Ok(())
}

fn table(measured: &[Measured]) -> String {
    let mut text = format!(
        "{:<28} {:<24} {:>12} {:>12} {:>14} {:>14}\n",
        "plane", "other end", "p50 µs", "p99 µs", "send Mbit/s", "receive Mbit/s"
    );
    for one in measured {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:<28} {:<24} {:>12.0} {:>12.0} {:>14.0} {:>14.0}",
            one.plane,
            one.peer.to_string(),
            one.round_trip_p50_micros,
            one.round_trip_p99_micros,
            one.send_mbit_per_second,
            one.receive_mbit_per_second
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_names_a_plane_and_an_address() {
        let ip = IpAddr::from([10, 30, 0, 101]);
        assert_eq!(
            target("storage=10.30.0.101"),
            Ok((PlaneKind::Storage, ip, None))
        );
        assert_eq!(
            target("data=10.30.0.101:7"),
            Ok((PlaneKind::Data, ip, Some(7)))
        );
        for (text, told) in [
            ("10.30.0.101", "expected PLANE=IP"),
            ("net3=10.30.0.101", "no plane"),
            ("data=", "expected PLANE=IP"),
            ("data=host", "expected PLANE=IP"),
        ] {
            assert!(target(text).unwrap_err().contains(told), "{text}");
        }
    }
}
