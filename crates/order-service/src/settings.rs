//! Every setting once: its name, default and meaning. Flags, environment, file, `config`'s output
//! and the commented TOML are all held to this table.

mod database;
mod kafka;
mod listeners;
mod otlp;
mod peers;
mod planes;
mod process;
mod shared;

use crate::setting::{Setting, setting};

/// The topics, in the order of `--help` and of the file.
const TOPICS: &[&[Setting]] = &[
    listeners::SETTINGS,
    database::SETTINGS,
    shared::SETTINGS,
    kafka::SETTINGS,
    otlp::SETTINGS,
    planes::SETTINGS,
    peers::SETTINGS,
    process::SETTINGS,
];

/// The table.
pub(crate) static SETTINGS: &[Setting] = &ALL;

static ALL: [Setting; count()] = joined();

const fn count() -> usize {
    let (mut count, mut topic) = (0, 0);
    while topic < TOPICS.len() {
        count += TOPICS[topic].len();
        topic += 1;
    }
    count
}

const fn joined() -> [Setting; count()] {
    let mut all = [setting("", "", "", ""); count()];
    let (mut at, mut topic) = (0, 0);
    while topic < TOPICS.len() {
        let mut within = 0;
        while within < TOPICS[topic].len() {
            all[at] = TOPICS[topic][within];
            at += 1;
            within += 1;
        }
        topic += 1;
    }
    all
}
