//! Bytes of every released version stay readable: `tests/golden` holds them, `samples.rs` says what
//! they mean. How files come there: `README.md` of the crate.

use crate::samples;
use order_proto::storage::{decode_event_data, decode_headers, decode_order, decode_parked_fact};
use std::collections::BTreeSet;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn golden(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(format!("{name}.bin")))
        .unwrap_or_else(|error| panic!("{name}.bin: {error}"))
}

#[test]
fn orders_of_every_version_are_read() {
    for (name, order) in samples::orders() {
        assert_eq!(decode_order(&golden(name)).unwrap(), order, "{name}");
    }
}

#[test]
fn events_of_every_version_are_read() {
    for (name, data) in samples::events() {
        assert_eq!(decode_event_data(&golden(name)).unwrap(), data, "{name}");
    }
}

#[test]
fn parked_facts_of_every_version_are_read() {
    for (name, parked) in samples::parked_facts() {
        assert_eq!(decode_parked_fact(&golden(name)).unwrap(), parked, "{name}");
    }
}

#[test]
fn headers_of_every_version_are_read() {
    for (name, headers) in samples::headers() {
        assert_eq!(decode_headers(&golden(name)).unwrap(), headers, "{name}");
    }
}

#[test]
fn no_file_is_without_its_sample() {
    let orders = samples::orders().into_iter().map(|(name, _)| name);
    let events = samples::events().into_iter().map(|(name, _)| name);
    let parked = samples::parked_facts().into_iter().map(|(name, _)| name);
    let headers = samples::headers().into_iter().map(|(name, _)| name);
    let named: BTreeSet<String> = orders
        .chain(events)
        .chain(parked)
        .chain(headers)
        .map(|name| format!("{name}.bin"))
        .collect();
    let files: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(files, named);
}
