//! Starts a PostgreSQL as the tests have it, with the settings of a benchmark, prints one line of JSON
//! that says where it is, and ends it when the input ends:
//! `cargo run -p order-load --example postgres`.
//!
//! `cargo xtask bench` runs it, since xtask depends on nothing of ours.

use std::error::Error;
use std::io::Read as _;

use serde_json::json;
use testkit::servers::{Options, Postgres, Version};

/// All else is as PostgreSQL ships it. fsync is on. Files of the log are used again rather than deleted: the
/// benchmark fills them beforehand.
const SETTINGS: [(&str, &str); 3] = [
    ("shared_buffers", "1GB"),
    ("max_wal_size", "8GB"),
    ("min_wal_size", "8GB"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options {
        fsync: true,
        settings: SETTINGS.to_vec(),
        ..Options::default()
    };
    let server = Postgres::start(Version::Reference, options);
    let socket = server.socket_folder();
    // PostgreSQL's own lock of its socket begins with its process id.
    let lock = socket.join(format!(".s.PGSQL.{}.lock", server.port()));
    let lock = std::fs::read_to_string(lock)?;
    let pid: u32 = lock.lines().next().unwrap_or_default().parse()?;
    tell(&json!({
        "port": server.port(),
        "socket_folder": socket,
        "pid": pid,
    }));
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the line is the result")]
fn tell(where_it_is: &serde_json::Value) {
    println!("{where_it_is}");
}
