//! Worlds by the thousand, and the controls that prove that whoever checks them looks.

mod controls;
mod worlds;
