//! Stored bytes: read back as they were, refused when damaged, readable for good.

mod damage;
mod golden;
mod round_trip;
mod samples;
