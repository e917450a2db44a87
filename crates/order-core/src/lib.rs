//! The order domain, its ports and its use cases.
//!
//! `domain` decides, `ports` say what the domain needs from outside, `app` holds one use case a file.
//! Nothing here does I/O, reads a clock, draws a random number or knows a wire format: everything
//! comes in through a port. `cargo xtask tidy` keeps it so.

pub mod app;
pub mod domain;
pub mod ports;
