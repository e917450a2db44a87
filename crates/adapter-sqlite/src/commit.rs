//! Writing: how a batch of changes becomes one transaction.

mod flusher;
mod json;
mod known;
mod moves;
mod repair;
mod rows;
mod write;

pub(crate) use flusher::{Flusher, Shared, heads};
pub(crate) use known::wide;

#[cfg(test)]
pub(crate) use {known::LOOK_UP, moves::MOVES, repair::REPAIRS};
