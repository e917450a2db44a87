//! What the kernel has counted of each bound plane's interface: bytes, errors, losses. Read when it is
//! scraped, so that it costs nothing in between. Two planes on one interface tell of the same traffic.

use crate::config::Config;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::registry::{Registry, Unit};
use std::collections::HashMap;
use std::fmt;
use std::io;

/// The interfaces of this process's network namespace (`proc_pid_net(5)`); `/sys` may be another's.
const INTERFACES: &str = "/proc/self/net/dev";

/// Registers `plane_receive_bytes_total`, `plane_transmit_bytes_total` and `plane_errors_total`. They have
/// no series for a plane that is not bound, or whose interface is not there.
pub(crate) fn register(config: &Config, registry: &mut Registry) {
    let planes = config.planes.all().into_iter();
    let bound =
        planes.filter_map(|plane| Some((plane.kind().name(), plane.interface()?.to_owned())));
    registry.register_collector(Box::new(Traffic(bound.collect())));
}

/// The bound planes' names, with their interfaces.
#[derive(Debug)]
struct Traffic(Vec<(&'static str, String)>);

/// What is counted of one interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) receive_bytes: u64,
    pub(crate) transmit_bytes: u64,
    /// Broken packets, and those for which there was no room, as they came and as they went.
    pub(crate) errors: [u64; 4],
}

impl Counts {
    /// Broken packets of both directions.
    pub(crate) const fn broken(&self) -> u64 {
        self.errors[0].saturating_add(self.errors[2])
    }

    /// Packets of both directions for which there was no room.
    pub(crate) const fn dropped(&self) -> u64 {
        self.errors[1].saturating_add(self.errors[3])
    }
}

/// What is counted now of every interface, by its name.
pub(crate) fn read() -> io::Result<HashMap<String, Counts>> {
    std::fs::read_to_string(INTERFACES).map(|text| parse(&text))
}

/// The labels of [`Counts::errors`]: direction and kind.
const ERRORS: [[(&str, &str); 2]; 4] = [
    [("direction", "receive"), ("kind", "error")],
    [("direction", "receive"), ("kind", "dropped")],
    [("direction", "transmit"), ("kind", "error")],
    [("direction", "transmit"), ("kind", "dropped")],
];

impl Collector for Traffic {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        let seen = read().unwrap_or_default();
        let planes = self.0.iter();
        let known = planes.filter_map(|(plane, name)| Some((*plane, *seen.get(name.as_str())?)));
        let known: Vec<(&str, Counts)> = known.collect();
        if known.is_empty() {
            return Ok(());
        }
        let came = known
            .iter()
            .map(|(plane, counts)| (*plane, counts.receive_bytes));
        let help = "Bytes that came by the plane's interface";
        encode_bytes(&mut encoder, "plane_receive", help, came)?;
        let went = known
            .iter()
            .map(|(plane, counts)| (*plane, counts.transmit_bytes));
        let help = "Bytes that went by the plane's interface";
        encode_bytes(&mut encoder, "plane_transmit", help, went)?;
        let help = "Packets that the plane's interface lost, as they came or went: broken, or without room";
        let kind = MetricType::Counter;
        let mut family = encoder.encode_descriptor("plane_errors", help, None, kind)?;
        for (plane, counts) in known {
            for ([direction, kind], count) in ERRORS.into_iter().zip(counts.errors) {
                let label = [("plane", plane), direction, kind];
                ConstCounter::new(count).encode(family.encode_family(&label)?)?;
            }
        }
        Ok(())
    }
}

/// A counter of bytes, a series for each plane.
fn encode_bytes<'a>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    planes: impl Iterator<Item = (&'a str, u64)>,
) -> fmt::Result {
    let (unit, kind) = (Some(&Unit::Bytes), MetricType::Counter);
    let mut family = encoder.encode_descriptor(name, help, unit, kind)?;
    for (plane, bytes) in planes {
        let label = [("plane", plane)];
        ConstCounter::new(bytes).encode(family.encode_family(&label)?)?;
    }
    Ok(())
}

/// Each interface: 8 numbers of what came, 8 of what went; errors and losses are the third and fourth.
fn parse(text: &str) -> HashMap<String, Counts> {
    text.lines().filter_map(interface).collect()
}

fn interface(line: &str) -> Option<(String, Counts)> {
    let (name, numbers) = line.split_once(':')?;
    let numbers = numbers.split_ascii_whitespace().map(str::parse::<u64>);
    let numbers: Vec<u64> = numbers.collect::<Result<_, _>>().ok()?;
    let at = |place: usize| numbers.get(place).copied();
    let counts = Counts {
        receive_bytes: at(0)?,
        transmit_bytes: at(8)?,
        errors: [at(2)?, at(3)?, at(10)?, at(11)?],
    };
    Some((name.trim().to_owned(), counts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_table_is_read() {
        let text = "Inter-|   Receive                                                |  Transmit\n \
             face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n    \
             lo: 100 1 0 0 0 0 0 0 200 2 0 0 0 0 0 0\n  \
             net1:300 3 4 5 0 0 0 0 600 6 7 8 0 0 0 0\n broken: 1 2\n";
        let seen = parse(text);
        assert_eq!(seen.len(), 2, "{seen:?}");
        let net1 = Counts {
            receive_bytes: 300,
            transmit_bytes: 600,
            errors: [4, 5, 7, 8],
        };
        assert_eq!(seen["net1"], net1);
        assert_eq!(seen["lo"].transmit_bytes, 200);
    }

    #[test]
    fn only_planes_whose_interface_is_there_are_shown() {
        let mut registry = Registry::default();
        let planes = [("data", "lo"), ("storage", "no-such-one")];
        let planes = planes.map(|(plane, name)| (plane, name.to_owned()));
        registry.register_collector(Box::new(Traffic(planes.to_vec())));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        assert!(
            text.contains("plane_receive_bytes_total{plane=\"data\"} "),
            "{text}"
        );
        let lost = "plane_errors_total{plane=\"data\",direction=\"transmit\",kind=\"dropped\"} ";
        assert!(text.contains(lost) && !text.contains("storage"), "{text}");
    }
}
