//! Writing: how a batch of changes becomes one transaction.

mod alone;
mod attempt;
mod bind;
mod flusher;
mod known;
mod marker;
mod plan;
mod repair;
mod session;
mod statement;

pub(crate) use flusher::{Flusher, Shared};
pub(crate) use known::wide;
pub(crate) use session::Session;

#[cfg(test)]
pub(crate) use {
    alone::PARKING_MOVES,
    known::LOOK_UP,
    repair::REPAIRS,
    statement::{Shape, text},
};
