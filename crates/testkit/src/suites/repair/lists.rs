//! Lists of dead letters and parked facts.

use super::{Kept, message};
use crate::{Desk, fact};
use order_core::domain::OrderRef;
use order_core::ports::{DeadLetter, EntryId, EntryKind, Place, WaitingFact};

/// Both kinds, enough for several pages.
const EACH: i64 = 6;

fn never() -> OrderRef {
    OrderRef::External("never".to_owned())
}

/// Facts and messages in turn.
async fn fill(kept: &Kept, desk: &Desk) {
    for n in 0..EACH {
        kept.repair.keep(message(n)).await.unwrap();
        kept.bury(desk, never(), fact::reserved(&format!("res-{n}")))
            .await;
    }
}

async fn pages(kept: &Kept, size: usize) -> Vec<DeadLetter> {
    let mut all: Vec<DeadLetter> = Vec::new();
    loop {
        let after = all.last().map(DeadLetter::place);
        let page = kept.repair.dead_letters(after, size).await.unwrap();
        assert!(page.len() <= size);
        let end = page.len() < size;
        all.extend(page);
        if end {
            return all;
        }
    }
}

/// Dead letters of both kinds stand in one list, newest first, and every size of page gives the same.
pub async fn both_kinds_are_listed_newest_first(kept: Kept) {
    assert_eq!(kept.letters().await, []);
    fill(&kept, &Desk::new()).await;
    let all = kept.letters().await;
    assert_eq!(all.len(), 12);
    assert!(all.is_sorted_by(|newer, older| newer.place() > older.place()));
    for kind in [EntryKind::Fact, EntryKind::Message] {
        let numbers: Vec<u64> = all
            .iter()
            .filter(|letter| letter.id.kind == kind)
            .map(|letter| letter.id.number)
            .collect();
        assert_eq!(numbers.len(), 6);
        assert!(
            numbers.is_sorted_by(|newer, older| newer > older),
            "{numbers:?}"
        );
    }
    for size in [1, 2, 5, 11, 12, 13] {
        assert_eq!(pages(&kept, size).await, all, "pages of {size}");
    }
}

/// A place divides the entries of its own millisecond as the list does: messages before facts, then by
/// their numbers. Whoever asks after a place that is gone gets what follows it.
pub async fn a_place_divides_the_list(kept: Kept) {
    fill(&kept, &Desk::new()).await;
    let all = kept.letters().await;
    let places = all.iter().map(DeadLetter::place).flat_map(|place| {
        let at = |kind, number| Place {
            id: EntryId { kind, number },
            ..place
        };
        [
            place,
            at(EntryKind::Parked, place.id.number),
            at(EntryKind::Fact, 3),
            at(EntryKind::Message, 3),
            at(EntryKind::Message, u64::from(u32::MAX)),
        ]
    });
    for place in places {
        let rest = kept.repair.dead_letters(Some(place), 500).await.unwrap();
        let expected: Vec<&DeadLetter> = all.iter().filter(|l| l.place() < place).collect();
        assert_eq!(rest.iter().collect::<Vec<_>>(), expected, "{place}");
    }
}

/// What comes or goes between two pages neither shifts nor doubles an entry.
pub async fn a_page_is_stable_while_entries_come_and_go(kept: Kept) {
    let desk = Desk::new();
    fill(&kept, &desk).await;
    let all = kept.letters().await;
    let first = kept.repair.dead_letters(None, 4).await.unwrap();
    assert_eq!(first, all[..4]);
    for gone in [&all[3], &all[5]] {
        assert_eq!(kept.repair.discard(gone.id).await, Ok(true));
    }
    kept.repair.keep(message(EACH)).await.unwrap();
    let second = kept
        .repair
        .dead_letters(Some(first[3].place()), 500)
        .await
        .unwrap();
    let left = [&all[4..5], &all[6..]].concat();
    assert_eq!(second, left);
}

/// Parked facts are listed whole, those first that were parked last, and every size of page gives the
/// same.
pub async fn parked_facts_are_listed_newest_first(kept: Kept) {
    let desk = Desk::new();
    let mut parked = Vec::new();
    for n in 0..5 {
        parked.push(
            kept.park(&desk, never(), fact::reserved(&format!("res-{n}")))
                .await,
        );
    }
    // Two of one millisecond stand in the order of their arrival.
    let mut same = desk.park(never(), fact::reserved("res-5"));
    if let order_core::ports::Change::Park(fact) = &mut same {
        fact.parked_at = parked[4].parked_at;
        parked.push(fact.clone());
    }
    kept.store.commit(same).await.unwrap();
    parked.reverse();
    let all = kept.waiting().await;
    let facts: Vec<_> = all.iter().map(|waiting| waiting.parked.clone()).collect();
    assert_eq!(facts, parked);
    for size in 1..8 {
        let mut paged: Vec<WaitingFact> = Vec::new();
        loop {
            let after = paged.last().map(WaitingFact::place);
            let page = kept.repair.parked_facts(after, size).await.unwrap();
            let end = page.len() < size;
            paged.extend(page);
            if end {
                break;
            }
        }
        assert_eq!(paged, all, "pages of {size}");
    }
    for waiting in &all {
        let one = kept.repair.parked_fact(waiting.id).await;
        assert_eq!(one, Ok(Some(waiting.clone())));
        assert_eq!(kept.repair.dead_letter(waiting.id).await, Ok(None));
    }
}
