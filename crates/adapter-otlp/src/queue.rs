//! A bounded queue whose front end never waits.

use crate::metrics::Counts;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Where the threads of the service put things.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    sender: Sender<T>,
    counts: Counts,
}

impl<T> Queue<T> {
    /// A queue for so many, and its far end.
    pub(crate) fn of(items: usize, counts: Counts) -> (Queue<T>, Receiver<T>) {
        let (sender, receiver) = channel(items);
        (Queue { sender, counts }, receiver)
    }

    /// Puts it in, or drops and counts it where there is no room or nobody ships any more.
    pub(crate) fn push(&self, item: T) {
        if self.sender.try_send(item).is_err() {
            self.counts.dropped.inc();
        }
    }
}
