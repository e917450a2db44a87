//! Writing: how a batch of changes becomes one transaction.

mod decide;
mod flusher;
mod json;
mod known;
mod prepare;
mod rows;
mod write;

pub(crate) use flusher::{Answer, Flusher, Job, Shared, heads};
pub(crate) use known::wide;
pub(crate) use prepare::{Prepared, fact_digest};

#[cfg(test)]
pub(crate) use {known::LOOK_UP, write::PARKING_MOVES};
