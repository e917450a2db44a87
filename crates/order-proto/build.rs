//! Compiles `proto/` with protox, so that no protoc has to be installed.

use prost::Message;
use std::error::Error;
use std::path::{Path, PathBuf};

/// What the stores keep, below `proto/`. What the files import is found by itself.
const STORAGE: &[&str] = &[
    "storage/v1/event.proto",
    "storage/v1/fact.proto",
    "storage/v1/letter.proto",
    "storage/v1/order.proto",
];

/// What callers see, below `proto/`; the details of errors too, so that reflection can name them.
const WIRE: &[&str] = &[
    "orders/v1/order_service.proto",
    "google/rpc/error_details.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    // Not `env!`: clones that share a target folder may run one another's build script.
    let package = std::env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets CARGO_MANIFEST_DIR")?;
    let root = Path::new(&package).join("../../proto");
    println!("cargo::rerun-if-changed={}", root.display());
    // Sorted maps: equal orders have equal bytes.
    prost_build::Config::new()
        .btree_map(["."])
        .compile_fds(protox::compile(STORAGE, [&root])?)?;

    let wire = protox::compile(WIRE, [&root])?;
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    std::fs::write(out.join("wire.fds"), wire.encode_to_vec())?;
    let mut names = prost_build::Config::new();
    // Details of errors travel with their type's URL (google.protobuf.Any).
    names
        .enable_type_names()
        .type_name_domain(["."], "type.googleapis.com")
        // Google's comments hold examples that are no Rust.
        .disable_comments([".google"]);
    tonic_prost_build::configure()
        .build_transport(false)
        .emit_rerun_if_changed(false)
        .btree_map(".")
        .compile_fds_with_config(wire, names)?;
    Ok(())
}
