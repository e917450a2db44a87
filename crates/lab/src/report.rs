//! What was seen, as tables in Markdown.

use crate::mutants::Caught;
use crate::netcheck::Checked;
use crate::scene::{Row, Told};
use std::fmt::Write as _;

/// One fault of one plane.
pub fn line(row: &Row) -> String {
    let others: Vec<String> = row
        .others
        .iter()
        .map(|(name, gap)| format!("{name} {gap:.0?}"))
        .collect();
    format!(
        "| {} | {} | {:.1?} | {:.1?} | {:.1?} | {} | {} |",
        row.network.name(),
        row.fault.name(),
        row.silent,
        row.plane_back,
        row.orders_back,
        others.join(", "),
        row.broken().unwrap_or_else(|| "held".to_owned())
    )
}

/// The whole report.
pub fn markdown(told: Option<&Told>, checked: &Checked, mutants: &[Caught]) -> String {
    let mut text = String::from(
        "# The network lab\n\nMade by `cargo xtask lab --report docs/NETWORK_LAB.md`; \
         what is done and why stands in `crates/lab`.\n",
    );
    if let Some(told) = told {
        faults(&mut text, told);
    }
    checks(&mut text, checked);
    if !mutants.is_empty() {
        caught(&mut text, mutants);
    }
    text
}

fn faults(text: &mut String, told: &Told) {
    text.push_str(
        "\n## Faults\n\nHow long the plane was silent meanwhile; how long after the fault's undoing began the plane answered \
         and an order was placed; the longest silence of the other planes until then.\n\n\
         | plane | fault | silent | plane back | placing back | longest silence of others | |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in &told.rows {
        _ = writeln!(text, "{}", line(row));
    }
    let packets: Vec<String> = told
        .seen
        .packets
        .iter()
        .map(|(interface, packets)| format!("{interface} {packets}"))
        .collect();
    _ = writeln!(
        text,
        "\n{} packets were seen ({}), {} of them on a network that they do not belong to. {} orders were \
         acknowledged meanwhile, {} of them are lost. The service ran with {}.\n\n\
         ## Sockets\n\nAs `ss` showed them in the running pod, in peace:\n\n\
         | | state | own end | other end |\n| --- | --- | --- | --- |",
        told.seen.total(),
        packets.join(", "),
        told.seen.strays.len(),
        told.acknowledged,
        told.lost.len(),
        told.privileges
    );
    for socket in &told.sockets {
        _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            socket.kind, socket.state, socket.local, socket.peer
        );
    }
}

fn checks(text: &mut String, checked: &Checked) {
    text.push_str(
        "\n## netcheck\n\nRun in the pod beside the service, without privileges. What it calls critical after each \
         trouble that was planted:\n\n| planted | critical | |\n| --- | --- | --- |\n",
    );
    for one in &checked.planted {
        let verdict = if one.holds() {
            "named"
        } else {
            "NOT AS IT MUST BE"
        };
        let found = one.found.join("<br>").replace('|', "\\|");
        _ = writeln!(text, "| {} | {found} | {verdict} |", one.trouble);
    }
    text.push_str("\nPassages between planes (`netcheck isolate`):\n\n| from | to | closed |\n| --- | --- | --- |\n");
    for [from, to, closed] in &checked.passages {
        _ = writeln!(text, "| {from} | {to} | {closed} |");
    }
    text.push_str(
        "\nWhat each plane gives between two pods on this machine (`netcheck perf`):\n\n\
         | plane | round trip p50 | p99 | sent | received |\n| --- | --- | --- | --- | --- |\n",
    );
    for (plane, [p50, p99, sent, received]) in &checked.planes {
        _ = writeln!(
            text,
            "| {plane} | {p50:.0} µs | {p99:.0} µs | {sent:.0} Mbit/s | {received:.0} Mbit/s |"
        );
    }
}

fn caught(text: &mut String, mutants: &[Caught]) {
    text.push_str(
        "\n## Mistakes on purpose\n\nThe pod has a route by eth0 to each peer of the other planes, so that what is \
         not bound leaves there.\n\n| mistake | packets | seen by | |\n| --- | --- | --- | --- |\n",
    );
    for one in mutants {
        let seen = if one.evidence.is_empty() {
            "nothing".to_owned()
        } else {
            one.evidence.join("<br>").replace('|', "\\|")
        };
        let verdict = if one.holds() {
            "as it must be"
        } else {
            "NOT AS IT MUST BE"
        };
        _ = writeln!(
            text,
            "| {} | {} | {seen} | {verdict} |",
            one.mutant, one.packets
        );
    }
}
