//! What it costs that every socket is bound to its plane's interface: the same orders placed by a service
//! whose planes are bound (to the loopback, where the benchmark is) and by one whose are not, in turns.

use serde_json::{Value, json};

use super::database::Database;
use super::goals::{Bound, Goal, goal};
use super::load::Figures;
use super::results::per_mille;
use super::{Built, Length};
use crate::commands::Failure;
use crate::disk;
use crate::service::Service;

const BOUND: [(&str, &str); 3] = [
    ("DATA_INTERFACE", "lo"),
    ("STORAGE_INTERFACE", "lo"),
    ("MGMT_INTERFACE", "lo"),
];
/// Turns of each in a round, so that what the machine does meanwhile befalls both.
const TURNS: u64 = 2;

/// A run of each.
struct Pair {
    unbound: Figures,
    bound: Figures,
}

/// Measures both.
pub(super) fn run(
    built: &Built,
    database: &Database,
    length: Length,
) -> Result<(Goal, Value), Failure> {
    let start = |name: &str, settings: &[(&str, &str)]| {
        database.create(name)?;
        built.start_with(name, database.url(name), settings)
    };
    let unbound = start("planes_unbound", &[])?;
    let bound = start("planes_bound", &BOUND)?;
    let mut pairs = Vec::new();
    for turn in 1..=length.rounds * TURNS {
        let flush = disk::median_flush(database.folder())?;
        let place = |service: &Service| {
            let mut load = built.order_load("place");
            load.args([
                "--callers",
                "256",
                "--connections",
                "8",
                "--protocol",
                "grpc",
            ])
            .args(["--url", &service.grpc_url()])
            .args(["--pid", &format!("service={}", service.pid())])
            .args(length.options());
            Figures::of(&mut load)
        };
        // Who comes first changes, so that neither has the warmer machine.
        let (unbound, bound) = if turn % 2 == 1 {
            let unbound = place(&unbound)?;
            (unbound, place(&bound)?)
        } else {
            let bound = place(&bound)?;
            (place(&unbound)?, bound)
        };
        println!(
            "unbound {:>6}/s, bound {:>6}/s, flush of a page {} µs",
            unbound.per_second,
            bound.per_second,
            flush.as_micros()
        );
        pairs.push(Pair { unbound, bound });
    }
    unbound.stop()?;
    bound.stop()?;
    let rates = |of: fn(&Pair) -> u64| pairs.iter().map(of).collect::<Vec<_>>();
    let goal = goal(
        "Bound planes: placing",
        Bound::AtLeast(900),
        "× unbound",
        per_mille(
            &rates(|pair| pair.bound.per_second),
            &rates(|pair| pair.unbound.per_second),
        ),
    );
    let json = |pair: &Pair| json!({ "unbound": pair.unbound.report, "bound": pair.bound.report });
    Ok((goal, pairs.iter().map(json).collect()))
}
