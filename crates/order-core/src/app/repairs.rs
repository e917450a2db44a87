//! Look at what went wrong, and drop it. What is done again stands in `redrive.rs`.

use super::list_orders::page_size;
use super::redrive::{MessageHandler, RepairError};
use super::{AppError, Orders};
use crate::domain::Violations;
use crate::ports::{DeadLetter, EntryId, EntryKind, InvalidEntry, Place, Repair, WaitingFact};
use std::fmt;
use std::sync::Arc;

/// The operators' side of the application. Cheap to clone.
#[derive(Clone)]
pub struct Repairs {
    pub(super) orders: Orders,
    pub(super) kept: Arc<dyn Repair>,
    pub(super) messages: Arc<dyn MessageHandler>,
}

/// A page of dead letters.
#[derive(Clone, Debug)]
pub struct LetterPage {
    /// Newest first.
    pub letters: Vec<DeadLetter>,
    /// Names the next page; `None` on the last one.
    pub next_page_token: Option<String>,
}

/// A page of parked facts.
#[derive(Clone, Debug)]
pub struct ParkedPage {
    /// Those that came last first.
    pub facts: Vec<WaitingFact>,
    /// Names the next page; `None` on the last one.
    pub next_page_token: Option<String>,
}

impl Repairs {
    /// The repairs of what `kept` has, done by `orders`, or by `messages` where Kafka brought it.
    pub fn new(
        orders: Orders,
        kept: Arc<dyn Repair>,
        messages: Arc<dyn MessageHandler>,
    ) -> Repairs {
        Repairs {
            orders,
            kept,
            messages,
        }
    }

    /// One page of the dead letters; of a message's value no more than its beginning. `page_size` is 50
    /// where none is asked for, and 500 at most.
    pub async fn dead_letters(
        &self,
        page_size: Option<i64>,
        page_token: Option<&str>,
    ) -> Result<LetterPage, AppError> {
        let (size, after) = page(
            page_size,
            page_token,
            &[EntryKind::Fact, EntryKind::Message],
        )?;
        // One more than is shown tells whether there is another page.
        let mut letters = self.kept.dead_letters(after, size + 1).await?;
        let more = letters.len() > size;
        letters.truncate(size);
        let last = letters.last().filter(|_| more);
        Ok(LetterPage {
            next_page_token: last.map(|letter| letter.place().to_string()),
            letters,
        })
    }

    /// One page of the parked facts; sizes as of [`dead_letters`](Repairs::dead_letters).
    pub async fn parked_facts(
        &self,
        page_size: Option<i64>,
        page_token: Option<&str>,
    ) -> Result<ParkedPage, AppError> {
        let (size, after) = page(page_size, page_token, &[EntryKind::Parked])?;
        let mut facts = self.kept.parked_facts(after, size + 1).await?;
        let more = facts.len() > size;
        facts.truncate(size);
        let last = facts.last().filter(|_| more);
        Ok(ParkedPage {
            next_page_token: last.map(|fact| fact.place().to_string()),
            facts,
        })
    }

    /// One dead letter, whole.
    pub async fn dead_letter(&self, id: EntryId) -> Result<DeadLetter, RepairError> {
        let letter = self.kept.dead_letter(id).await?;
        letter.ok_or(RepairError::Unknown { id })
    }

    /// One parked fact.
    pub async fn parked_fact(&self, id: EntryId) -> Result<WaitingFact, RepairError> {
        let fact = self.kept.parked_fact(id).await?;
        fact.ok_or(RepairError::Unknown { id })
    }

    /// Drops an entry for good. The id of a fact stays known: should it come again, it has no effect.
    pub async fn discard(&self, id: EntryId) -> Result<(), RepairError> {
        if self.kept.discard(id).await? {
            Ok(())
        } else {
            Err(RepairError::Unknown { id })
        }
    }
}

impl fmt::Debug for Repairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Repairs")
    }
}

/// How many entries, and after which, or everything that is wrong with what was asked.
fn page(
    size: Option<i64>,
    token: Option<&str>,
    kinds: &[EntryKind],
) -> Result<(usize, Option<Place>), AppError> {
    let mut all = Violations::new();
    let size = page_size(&mut all, size);
    let after: Option<Result<Place, InvalidEntry>> = token.map(str::parse);
    let of_this_list = |place: &Place| kinds.contains(&place.id.kind);
    let after = match after {
        Some(Ok(place)) if of_this_list(&place) => Some(place),
        Some(_) => {
            all.add("page_token", "must be a next_page_token of this list");
            None
        }
        None => None,
    };
    all.into_result()?;
    Ok((size, after))
}
