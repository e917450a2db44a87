//! Messages that nobody understood.

use super::{Kept, message};
use crate::ODD_TEXTS;
use order_core::domain::limits::MAX_LISTED_VALUE_BYTES;
use order_core::ports::{
    DeadLetter, DeadMessage, EntryId, EntryKind, LetterContent, ListedMessage,
};

/// Writers of one message at once.
const WRITERS: usize = 20;

fn content(letter: &DeadLetter) -> &ListedMessage {
    match &letter.content {
        LetterContent::Message(listed) => listed,
        LetterContent::Fact(_) => panic!("a message was expected: {letter:?}"),
    }
}

/// A message is kept once for its topic, partition and offset, whatever else it says, and however many
/// keep it at once.
pub async fn a_message_is_kept_once_for_its_place(kept: Kept) {
    assert_eq!(kept.repair.keep(message(7)).await, Ok(true));
    let again = DeadMessage {
        reason: "another reason".to_owned(),
        value: None,
        ..message(7)
    };
    assert_eq!(kept.repair.keep(again).await, Ok(false));
    let elsewhere = [
        message(8),
        DeadMessage {
            partition: 4,
            ..message(7)
        },
        DeadMessage {
            topic: "inventory.events.v1".to_owned(),
            ..message(7)
        },
    ];
    for other in elsewhere {
        assert_eq!(kept.repair.keep(other).await, Ok(true));
    }
    let mut tasks = Vec::new();
    for _ in 0..WRITERS {
        let repair = kept.repair.clone();
        tasks.push(tokio::spawn(async move {
            repair.keep(message(9)).await.unwrap()
        }));
    }
    let mut new = 0;
    for task in tasks {
        new += usize::from(task.await.unwrap());
    }
    assert_eq!(new, 1);
    let letters = kept.letters().await;
    assert_eq!(letters.len(), 5);
    let first = letters.last().unwrap();
    assert_eq!(first.reason, "it is no JSON", "the first one stays");
    assert_eq!(content(first).message.value, message(7).value);
}

/// Whatever bytes a message has, and whatever it lacks, it comes back so; its reason is the letter's.
pub async fn a_message_comes_back_as_it_was_given(kept: Kept) {
    let every_byte: Vec<u8> = (0..=u8::MAX).collect();
    let odd = DeadMessage {
        topic: "t".repeat(249),
        partition: i32::MAX,
        offset: i64::MAX,
        key: Some(every_byte.clone()),
        headers: vec![
            ("again".to_owned(), None),
            ("again".to_owned(), Some(Vec::new())),
            (ODD_TEXTS.concat(), Some(every_byte.clone())),
            (String::new(), Some(b"no name".to_vec())),
        ],
        value: Some(every_byte.repeat(16)),
        omitted_bytes: 0,
        reason: ODD_TEXTS.concat(),
    };
    let bare = DeadMessage {
        topic: "t".to_owned(),
        omitted_bytes: 4_000_000_000,
        ..DeadMessage::default()
    };
    let empty = DeadMessage {
        offset: 1,
        key: Some(Vec::new()),
        value: Some(Vec::new()),
        ..bare.clone()
    };
    for given in [odd, bare, empty] {
        assert_eq!(kept.repair.keep(given.clone()).await, Ok(true));
        let letters = kept.letters().await;
        let here = |letter: &&DeadLetter| {
            let found = &content(letter).message;
            (&found.topic, found.offset) == (&given.topic, given.offset)
        };
        let listed = letters.iter().find(here).expect("it is listed");
        let letter = kept.repair.dead_letter(listed.id).await.unwrap().unwrap();
        assert_eq!(&letter, listed);
        assert_eq!(letter.reason, given.reason);
        let found = DeadMessage {
            reason: letter.reason.clone(),
            ..content(&letter).message.clone()
        };
        assert_eq!(found, given);
    }
}

/// A list shows the beginning of a large value and how large it is; by its id a message is whole.
pub async fn a_list_shows_the_beginning_of_a_value(kept: Kept) {
    let value: Vec<u8> = (0..=250).cycle().take(300_000).collect();
    let large = DeadMessage {
        value: Some(value.clone()),
        ..message(1)
    };
    let just_fits = DeadMessage {
        value: Some(value[..MAX_LISTED_VALUE_BYTES].to_vec()),
        ..message(2)
    };
    for given in [large, just_fits] {
        kept.repair.keep(given).await.unwrap();
    }
    let letters = kept.letters().await;
    let [fits, cut] = &letters[..] else {
        panic!("two letters: {letters:?}")
    };
    assert!(!content(fits).is_cut());
    let listed = content(cut);
    assert!(listed.is_cut());
    assert_eq!(listed.value_bytes, 300_000);
    assert_eq!(
        listed.message.value.as_deref(),
        Some(&value[..MAX_LISTED_VALUE_BYTES])
    );
    let whole = kept.repair.dead_letter(cut.id).await.unwrap().unwrap();
    assert_eq!(content(&whole).message.value, Some(value));
    assert!(!content(&whole).is_cut());
}

/// A message whose last attempt failed has the reason of that attempt; an unknown one has none.
pub async fn a_message_is_noted_and_dropped(kept: Kept) {
    kept.repair.keep(message(1)).await.unwrap();
    let id = kept.letters().await[0].id;
    assert_eq!(kept.repair.note(id, "still no JSON").await, Ok(true));
    assert_eq!(kept.letters().await[0].reason, "still no JSON");
    for other in [EntryKind::Parked, EntryKind::Fact] {
        let other = EntryId { kind: other, ..id };
        assert_eq!(kept.repair.note(other, "nobody").await, Ok(false));
        assert_eq!(kept.repair.discard(other).await, Ok(false));
        assert_eq!(kept.repair.dead_letter(other).await, Ok(None));
        assert_eq!(kept.repair.parked_fact(other).await, Ok(None));
    }
    assert_eq!(kept.repair.parked_fact(id).await, Ok(None));
    assert_eq!(kept.repair.discard(id).await, Ok(true));
    assert_eq!(kept.repair.discard(id).await, Ok(false));
    assert_eq!(kept.repair.note(id, "gone").await, Ok(false));
    assert_eq!(kept.repair.dead_letter(id).await, Ok(None));
    assert_eq!(kept.letters().await, []);
    assert_eq!(
        kept.repair.keep(message(1)).await,
        Ok(true),
        "it came again after it was dropped"
    );
    assert_ne!(kept.letters().await[0].id, id, "an id is never given twice");
}
