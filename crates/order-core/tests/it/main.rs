//! The core as its users see it: the lifecycle by example, its promises by property, and the use
//! cases on the in-memory ports.

mod desk;
mod holds;
mod invariants;
mod lifecycle;
mod money;
mod parking;
mod permutations;
mod placing;
mod use_cases;
