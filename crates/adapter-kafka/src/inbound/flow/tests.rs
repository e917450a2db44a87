//! Lanes keep order, partitions keep offsets, bounds hold: every interleaving that a seed can make.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

const WAIT: Duration = Duration::from_millis(20);

fn flow(messages: usize, bytes: usize) -> Flow<u32> {
    let flow = Flow::new(Room { messages, bytes });
    flow.assign([partition(0), partition(1)]);
    flow
}

fn partition(number: i32) -> Partition {
    ("facts".to_owned(), number)
}

fn take(flow: &Flow<u32>, lane: Lane, number: i32, offset: i64, message: u32) -> Taken {
    flow.take(lane, ("facts", number, offset), message, 1)
}

proptest! {
    /// Messages go out of their lane in the order in which they came in, each once; offsets never
    /// pass a message that is not done; in the end nothing is left.
    #[test]
    fn order_within_a_lane_and_offsets_hold(
        messages in prop::collection::vec((0..4_u64, 0..2_i32), 1..80),
        choices in prop::collection::vec(any::<u8>(), 400),
    ) {
        let flow = flow(1_000, 1_000);
        let mut offsets = [0_i64; 2];
        let mut came: BTreeMap<Lane, Vec<u32>> = BTreeMap::new();
        let mut went: BTreeMap<Lane, Vec<u32>> = BTreeMap::new();
        // Lanes with a task, and what the task has in hand.
        let mut tasks: BTreeMap<Lane, Option<Job<u32>>> = BTreeMap::new();
        let mut open: [std::collections::BTreeSet<i64>; 2] = Default::default();
        let mut stored = [0_i64; 2];
        let mut coming = messages.iter().zip(0_u32..);
        let mut choices = choices.into_iter().cycle();
        let mut more = true;
        while more || !tasks.is_empty() {
            let choice = choices.next().unwrap();
            if choice % 2 == 0 && more {
                let Some(((lane, number), message)) = coming.next() else {
                    more = false;
                    continue;
                };
                let at = usize::try_from(*number).unwrap();
                let taken = take(&flow, *lane, *number, offsets[at], message);
                prop_assert_eq!(taken == Taken::First, !tasks.contains_key(lane));
                prop_assert_eq!(take(&flow, *lane, *number, offsets[at], message), Taken::Ignored);
                came.entry(*lane).or_default().push(message);
                open[at].insert(offsets[at]);
                tasks.entry(*lane).or_default();
                offsets[at] += 1 + i64::from(choice % 3);
                continue;
            }
            let Some(lane) = tasks.keys().nth(usize::from(choice / 2) % tasks.len().max(1)).copied() else {
                continue;
            };
            match tasks.remove(&lane).unwrap() {
                // Without a further message the task ends with its lane.
                None => {
                    if let Some(job) = flow.next(lane) {
                        prop_assert!(flow.begin(&job.ticket));
                        tasks.insert(lane, Some(job));
                    }
                }
                Some(job) => {
                    went.entry(lane).or_default().push(job.message);
                    flow.ended(&job.ticket, true);
                    flow.leave(&job);
                    let at = usize::try_from(job.ticket.partition.1).unwrap();
                    open[at].remove(&job.ticket.offset);
                    tasks.insert(lane, None);
                }
            }
            for (partition, next) in flow.progress() {
                let at = usize::try_from(partition.1).unwrap();
                prop_assert!(next > stored[at] || stored[at] == 0);
                prop_assert!(open[at].first().is_none_or(|first| next <= *first));
                stored[at] = next;
            }
        }
        prop_assert_eq!(went, came);
        prop_assert_eq!(flow.held(), (0, 0));
        prop_assert!(flow.lock().lanes.is_empty());
    }
}

fn first(flow: &Flow<u32>, lane: Lane, offset: i64) -> Job<u32> {
    assert_eq!(take(flow, lane, 0, offset, 7), Taken::First);
    flow.next(lane).unwrap()
}

#[test]
fn a_partition_that_goes_begins_nothing_more_and_waits_for_what_was_begun() {
    let flow = Arc::new(flow(10, 10));
    let (begun, waiting) = (first(&flow, 1, 0), first(&flow, 2, 1));
    assert!(flow.begin(&begun.ticket));
    let gone = [partition(0)];
    assert!(!flow.quiet(&gone, WAIT), "one is under way");
    assert!(!flow.begin(&waiting.ticket), "none is begun");
    let other = Arc::clone(&flow);
    let ending = std::thread::spawn(move || {
        std::thread::sleep(WAIT);
        other.ended(&begun.ticket, true);
    });
    assert!(flow.quiet(&gone, Duration::from_secs(10)));
    ending.join().unwrap();
    assert_eq!(flow.progress(), [(partition(0), 1)]);
    flow.forget(&gone);
    // It comes back: what is left of its first time counts for nothing.
    flow.assign([partition(0)]);
    assert_eq!(take(&flow, 3, 0, 1, 8), Taken::First, "it is read again");
    assert!(!flow.begin(&waiting.ticket));
    flow.ended(&waiting.ticket, true);
    assert_eq!(flow.progress(), []);
}

#[test]
fn a_stop_begins_nothing_more() {
    let flow = flow(10, 10);
    let (begun, waiting) = (first(&flow, 1, 0), first(&flow, 2, 1));
    assert!(flow.begin(&begun.ticket));
    assert!(!flow.stop(WAIT));
    assert!(!flow.begin(&waiting.ticket));
    flow.ended(&begun.ticket, true);
    assert!(flow.stop(WAIT));
}

#[test]
fn room_is_bounded_by_messages_and_by_bytes() {
    for (messages, bytes, left) in [(2, 100, 2), (100, 20, 2)] {
        let flow = flow(messages, bytes);
        for offset in 0..left {
            assert!(flow.room(WAIT));
            let lane = u64::try_from(offset).unwrap();
            flow.take(lane, ("facts", 0, offset), 1, 10);
        }
        assert!(!flow.room(WAIT));
        let job = flow.next(0).unwrap();
        flow.leave(&job);
        assert!(flow.room(WAIT));
    }
}

#[test]
fn what_is_not_ours_is_not_taken_and_waiting_is_counted() {
    let flow = flow(10, 10);
    assert_eq!(take(&flow, 1, 9, 0, 1), Taken::Ignored);
    let waiting = flow.waits();
    assert!(flow.is_waiting());
    drop(waiting);
    assert!(!flow.is_waiting());
}
