//! What every store of orders does the same way: prepares a change, decides a batch against what is
//! known, answers its callers, counts, and tells its health.
//!
//! The way of a change: [`Batchers::commit`] → [`Prepared`] (bytes, in the caller's task) → the batcher
//! → the adapter's flusher, which looks up what is [`Known`] → [`decide()`] (in memory), which fills the
//! adapter's [`Plan`] → the adapter's SQL → [`Progress`], and back. Reading: the adapter finds rows,
//! [`Columns`] makes of them what the port answers.
//!
//! No SQL, no driver and no error of a database ever enters: how rows are found and written, what is
//! tried again and what an error means is for each adapter to say.

mod batchers;
mod bounds;
mod columns;
mod decide;
mod health;
mod ids;
mod job;
mod known;
mod loads;
mod metrics;
mod plan;
pub mod position;
mod prepare;
mod progress;
pub mod reads;
pub mod repairs;

pub use batchers::{Batchers, Stats};
pub use bounds::{Bounds, Place};
pub use columns::Columns;
pub use decide::decide;
pub use ids::ids_of;
pub use job::{Answer, Job, RepairStep};
pub use known::{Known, KnownFact};
pub use loads::{Loaded, Loads};
pub use metrics::register_gauge;
pub use plan::{Moved, Parking, Plan};
pub use prepare::{EventBytes, Keys, Prepared, fact_digest};
pub use progress::{Progress, announce};
