//! The core as its users see it: the lifecycle by example, its promises by property, and the use
//! cases on the in-memory ports.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod aged_reads;
mod cache_following;
mod callers;
mod desk;
mod holds;
mod house;
mod invariants;
mod lifecycle;
mod money;
mod parking;
mod permutations;
mod placing;
mod publishing;
mod repairs;
mod use_cases;
