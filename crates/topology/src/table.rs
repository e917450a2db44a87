//! The topology for people: a hundred columns, no colour.

use crate::describe::{Policy, Topology};
use crate::facts::Way;
use crate::networks::{Carried, Network};
use crate::sockets::Line;

/// Columns of a line.
const WIDTH: usize = 100;
/// Where the words of a labelled line begin.
const INDENT: usize = 14;
/// Columns before what a part of the hexagon does.
const HEXAGON_INDENT: usize = 35;
/// Sockets of a network that are told; of the rest, how many there are.
const TOLD: usize = 12;

/// The topology as text.
pub fn table(topology: &Topology) -> String {
    let mut text = String::from("Networks\n");
    for network in &topology.networks {
        text += &self::network(network);
    }
    if !topology.elsewhere.is_empty() {
        text += "\nSockets on none of them\n";
        text += &sockets(&topology.elsewhere);
    }
    text += "\nThe hexagon\n";
    for part in topology.hexagon {
        let networks = match part.networks {
            [] => "none".to_owned(),
            networks => networks.join(", "),
        };
        let line = format!("  {:<18}{networks:<15}{}", part.part, part.what);
        text += &folded(&line, HEXAGON_INDENT);
    }
    for (title, policies) in [
        ("Isolation", &topology.isolation),
        ("Encryption", &topology.encryption),
    ] {
        text.extend(["\n", title, ": held here?\n"]);
        text.extend(policies.iter().map(policy));
    }
    if !topology.unknown.is_empty() {
        text += "\nNot known\n";
        text.extend(topology.unknown.iter().map(|reason| wrapped("", reason)));
    }
    text
}

fn network(network: &Network) -> String {
    let interface = network.interface.as_deref().unwrap_or("—");
    let mut head = vec![format!(
        "  {:<11} {interface:<10} {}",
        network.name, network.state
    )];
    head.extend(network.cidrs.iter().cloned());
    head.push(network.kind.clone());
    head.extend(network.mtu.map(|mtu| format!("mtu {mtu}")));
    head.extend(network.cni_network.clone());
    head.retain(|part| !part.is_empty());
    let head = head.join("  ");
    let mut text = folded(&head, INDENT) + &wrapped("for", network.purpose);
    let addresses: Vec<String> = network.addresses.iter().map(ToString::to_string).collect();
    if !addresses.is_empty() {
        text += &wrapped("addresses", &addresses.join(", "));
    }
    for carried in &network.carries {
        text += &wrapped("carries", &self::carried(carried));
    }
    text + &sockets(&network.sockets)
}

fn carried(carried: &Carried) -> String {
    let arrow = match carried.way {
        Way::In => "at",
        Way::Out => "to",
        Way::Within => "in",
    };
    let Carried { what, at, .. } = carried;
    format!("{what} {arrow} {at}, {}", carried.encryption.words())
}

fn sockets(lines: &[Line]) -> String {
    let told = lines.iter().take(TOLD);
    let mut text: String = told.map(|line| wrapped("socket", &line.words())).collect();
    let more = lines.len().saturating_sub(TOLD);
    if more > 0 {
        text += &wrapped("", &format!("and {more} more: --json tells all"));
    }
    text
}

fn policy(policy: &Policy) -> String {
    let Policy {
        network,
        rule,
        held,
        why,
    } = policy;
    let head = format!("  {network:<11} {rule}: {}", held.words());
    folded(&head, INDENT) + &wrapped("", why)
}

/// A label, and words behind it.
fn wrapped(label: &str, words: &str) -> String {
    let label = format!("    {label:<9} ");
    folded(&format!("{label}{words}"), INDENT)
}

/// Lines of at most a hundred columns; all but the first begin behind the indent. A word that is longer stands
/// alone.
fn folded(line: &str, indent: usize) -> String {
    // What is before the indent holds its blanks.
    let head: String = line.chars().take(indent).collect();
    let rest: String = line.chars().skip(indent).collect();
    let mut text = head;
    let mut column = text.chars().count();
    let mut first = true;
    for word in rest.split(' ') {
        let length = word.chars().count();
        if !first && column + 1 + length > WIDTH {
            text.push('\n');
            text.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else if !first {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += length;
        first = false;
    }
    let kept = text.trim_end().len();
    text.truncate(kept);
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_between_words() {
        let text = wrapped("socket", &"word ".repeat(60));
        assert!(text.lines().count() > 3);
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
        assert!(
            text.lines()
                .skip(1)
                .all(|line| line.starts_with("              word"))
        );
        let long = wrapped("", &"x".repeat(200));
        assert_eq!(long.lines().count(), 1);
    }
}
