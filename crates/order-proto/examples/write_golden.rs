//! Writes the golden file of each sample that has none yet. It never touches one that exists: those
//! are the bytes of a released version. `cargo run -p order-proto --example write_golden`

#[path = "../tests/it/samples.rs"]
mod samples;

use order_proto::storage::{encode_event_data, encode_headers, encode_order, encode_parked_fact};
use std::fs::OpenOptions;
use std::io::{ErrorKind, Result, Write};
use std::path::Path;

fn main() -> Result<()> {
    for (name, order) in samples::orders() {
        write(name, &encode_order(&order))?;
    }
    for (name, data) in samples::events() {
        write(name, &encode_event_data(&data))?;
    }
    for (name, parked) in samples::parked_facts() {
        write(name, &encode_parked_fact(&parked))?;
    }
    for (name, headers) in samples::headers() {
        write(name, &encode_headers(&headers))?;
    }
    Ok(())
}

fn write(name: &str, bytes: &[u8]) -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    match OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(folder.join(format!("{name}.bin")))
    {
        Ok(mut file) => file.write_all(bytes),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}
