//! What went wrong, kept where an operator can look at it and mend it: facts that wait for their
//! order, facts that were given up, and messages that nobody could understand.

use super::{DeadMessage, ListedMessage, ParkedFact, StoreError};
use crate::domain::Timestamp;
use async_trait::async_trait;
use std::fmt;
use std::str::FromStr;

/// The store's side of repairs.
///
/// Contract:
/// - [`keep`](Repair::keep) is durable when it answers. A message is kept once for its topic, partition
///   and offset: whoever comes later with the same place changes nothing. It is kept as it was given.
/// - Dead letters are both kinds in one list, facts and messages, newest first by the store's clock; of
///   the same millisecond messages stand before facts, and higher numbers first. Parked facts are listed
///   newest first by when they were parked. A page holds `limit` entries, fewer only at the end, and the
///   next one begins after the [`Place`] of its last; what comes or goes meanwhile shifts nobody.
/// - A list holds no more than the first [`MAX_LISTED_VALUE_BYTES`](crate::domain::limits::MAX_LISTED_VALUE_BYTES) of a message's value; asked for by
///   its id a message is whole.
/// - An id is never given twice. An entry that is gone is unknown from then on.
/// - A fact leaves the parking or the dead letters by its effect: by a commit whose
///   [`FactRecord`](super::FactRecord) says so, or by [`discard`](Repair::discard). Of both at once one is
///   done. The id of a discarded fact stays known, so that a repetition has no effect either.
/// - A parked fact that is buried takes the reason along that was last noted.
#[async_trait]
pub trait Repair: Send + Sync {
    /// Keeps a message; whether it was not there before.
    async fn keep(&self, message: DeadMessage) -> Result<bool, StoreError>;

    /// One page of the dead letters, after this place.
    async fn dead_letters(
        &self,
        after: Option<Place>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, StoreError>;

    /// The dead letter with this id, whole. None of another kind.
    async fn dead_letter(&self, id: EntryId) -> Result<Option<DeadLetter>, StoreError>;

    /// One page of the parked facts, after this place.
    async fn parked_facts(
        &self,
        after: Option<Place>,
        limit: usize,
    ) -> Result<Vec<WaitingFact>, StoreError>;

    /// The parked fact with this id. None of another kind.
    async fn parked_fact(&self, id: EntryId) -> Result<Option<WaitingFact>, StoreError>;

    /// Writes down why the entry is still wrong; whether it is there.
    async fn note(&self, id: EntryId, reason: &str) -> Result<bool, StoreError>;

    /// Drops the entry for good; whether it was there.
    async fn discard(&self, id: EntryId) -> Result<bool, StoreError>;

    /// How many dead letters and parked facts there are, each kind counted up to
    /// [`MAX_COUNTED_ENTRIES`](crate::domain::limits::MAX_COUNTED_ENTRIES).
    async fn counts(&self) -> Result<RepairCounts, StoreError>;
}

/// A number that was counted up to a bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// As far as it was counted.
    pub number: u64,
    /// Whether there are more.
    pub capped: bool,
}

impl Count {
    /// Of so many that were found when one more than `cap` was asked for.
    pub fn up_to(cap: u64, found: u64) -> Count {
        Count {
            number: found.min(cap),
            capped: found > cap,
        }
    }

    /// Both together; capped if either is.
    #[must_use]
    pub const fn plus(self, other: Count) -> Count {
        Count {
            number: self.number + other.number,
            capped: self.capped || other.capped,
        }
    }
}

/// What waits for somebody.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RepairCounts {
    /// Facts that were given up.
    pub dead_facts: Count,
    /// Messages that nobody understood.
    pub dead_messages: Count,
    /// Facts that wait for their order.
    pub parked_facts: Count,
}

impl RepairCounts {
    /// Both kinds of dead letters.
    pub const fn dead_letters(&self) -> Count {
        self.dead_facts.plus(self.dead_messages)
    }
}

/// The kinds of entries, in the order in which they stand in a list of the same millisecond.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// A fact that waits for its order.
    Parked,
    /// A fact that was given up.
    Fact,
    /// A message that nobody understood.
    Message,
}

impl EntryKind {
    const ALL: [EntryKind; 3] = [EntryKind::Parked, EntryKind::Fact, EntryKind::Message];

    const fn letter(self) -> char {
        match self {
            EntryKind::Parked => 'p',
            EntryKind::Fact => 'f',
            EntryKind::Message => 'm',
        }
    }
}

/// The id of an entry. Its text is a letter and a number, such as `m17`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId {
    /// What it is.
    pub kind: EntryKind,
    /// Which of its kind.
    pub number: u64,
}

/// The text is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an id or a token that this service gave")]
pub struct InvalidEntry;

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.kind.letter(), self.number)
    }
}

impl FromStr for EntryId {
    type Err = InvalidEntry;

    fn from_str(text: &str) -> Result<EntryId, InvalidEntry> {
        let kind = EntryKind::ALL
            .into_iter()
            .find(|kind| text.starts_with(kind.letter()));
        let kind = kind.ok_or(InvalidEntry)?;
        let digits = &text[1..];
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
        let number: u64 = digits.parse().map_err(|_| InvalidEntry)?;
        // Stores keep numbers as signed 64-bit integers.
        if plain && i64::try_from(number).is_ok() {
            Ok(EntryId { kind, number })
        } else {
            Err(InvalidEntry)
        }
    }
}

/// Where an entry stands in its list. Its text is opaque to callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// By which time it is listed.
    pub at: Timestamp,
    /// Which entry.
    pub id: EntryId,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at.millis(), self.id)
    }
}

impl FromStr for Place {
    type Err = InvalidEntry;

    fn from_str(text: &str) -> Result<Place, InvalidEntry> {
        let (millis, id) = text.split_once('.').ok_or(InvalidEntry)?;
        let millis = millis.parse().map_err(|_| InvalidEntry)?;
        let at = Timestamp::from_millis(millis).ok_or(InvalidEntry)?;
        let id = id.parse()?;
        Ok(Place { at, id })
    }
}

/// A dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its id.
    pub id: EntryId,
    /// Since when it is dead, by the store's clock.
    pub at: Timestamp,
    /// Why; of the last attempt.
    pub reason: String,
    /// What it is.
    pub content: LetterContent,
}

/// What a dead letter is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LetterContent {
    /// A fact that was given up.
    Fact(Box<ParkedFact>),
    /// A message.
    Message(Box<ListedMessage>),
}

impl DeadLetter {
    /// Where it stands in the list.
    pub const fn place(&self) -> Place {
        Place {
            at: self.at,
            id: self.id,
        }
    }
}

/// A fact that waits for its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingFact {
    /// Its id.
    pub id: EntryId,
    /// The fact.
    pub parked: ParkedFact,
    /// Whether its order is known by now: it is applied at the next look, or cannot be.
    pub order_known: bool,
    /// Why it could not be applied when it was tried last.
    pub reason: Option<String>,
}

impl WaitingFact {
    /// Where it stands in the list.
    pub const fn place(&self) -> Place {
        Place {
            at: self.parked.parked_at,
            id: self.id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_places_are_read_back_as_they_were_written() {
        for text in ["p0", "f17", "m9223372036854775807"] {
            assert_eq!(text.parse::<EntryId>().unwrap().to_string(), text);
        }
        for text in ["0.p1", "-5.f2", "1735689600000.m3"] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_was_never_given_is_refused() {
        for text in [
            "",
            "m",
            "x1",
            "m-1",
            "m+1",
            "M1",
            "m9223372036854775808",
            "\u{e9}1",
        ] {
            assert_eq!(text.parse::<EntryId>(), Err(InvalidEntry), "{text:?}");
        }
        for text in ["", "1", "1.", ".m1", "a.m1", "9999999999999999.m1"] {
            assert_eq!(text.parse::<Place>(), Err(InvalidEntry), "{text:?}");
        }
    }
}
