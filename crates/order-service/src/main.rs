//! The order service: configuration, composition, command line.
fn main() {}
