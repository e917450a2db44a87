//! Worlds by the thousand, and the controls that prove that whoever checks them looks.

#![expect(
    clippy::print_stdout,
    reason = "what was counted is read beside the result"
)]

mod controls;
mod worlds;
