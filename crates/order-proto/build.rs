//! Compiles `proto/` with protox, so that no protoc has to be installed.

use std::error::Error;
use std::path::Path;

/// The files to compile, below `proto/`. What they import is found by itself.
const FILES: &[&str] = &[
    "storage/v1/event.proto",
    "storage/v1/fact.proto",
    "storage/v1/order.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    println!("cargo::rerun-if-changed={}", root.display());
    let descriptors = protox::compile(FILES, [&root])?;
    // Sorted maps: equal orders have equal bytes.
    prost_build::Config::new()
        .btree_map(["."])
        .compile_fds(descriptors)?;
    Ok(())
}
