//! What is wrong with a request's content, all of it at once.

use super::limits::MAX_VIOLATIONS;
use std::fmt;

/// One thing that is wrong, with the caller's own path of the field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Such as `lines[3].quantity`; lists count from 0. Edges put their own prefix before it.
    pub field: String,
    /// What the field must be, in words: `must be 1 to 1000000`.
    pub reason: String,
}

/// A collection of violations; at most [`MAX_VIOLATIONS`] are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Violations {
    list: Vec<Violation>,
    /// Whether the total of the amounts is what fails: it has a code of its own at the edges.
    total_mismatch: bool,
}

impl Violations {
    /// None yet.
    pub fn new() -> Violations {
        Violations::default()
    }

    /// A single one.
    pub fn one(field: impl Into<String>, reason: impl Into<String>) -> Violations {
        let mut all = Violations::new();
        all.add(field, reason);
        all
    }

    /// Notes that `field` fails for `reason`.
    pub fn add(&mut self, field: impl Into<String>, reason: impl Into<String>) {
        if self.list.len() < MAX_VIOLATIONS {
            self.list.push(Violation {
                field: field.into(),
                reason: reason.into(),
            });
        }
    }

    /// Notes that the caller expected another total.
    pub fn add_total_mismatch(&mut self, reason: impl Into<String>) {
        self.add("expected_total", reason);
        self.total_mismatch = true;
    }

    /// Whether the only thing wrong is the total that the caller expected.
    pub fn is_total_mismatch(&self) -> bool {
        self.total_mismatch && self.list.len() == 1
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All that is wrong, in the order of the request's fields.
    pub fn as_slice(&self) -> &[Violation] {
        &self.list
    }

    /// The same violations, each path behind `prefix` (`order.`, `orders[2].order.`).
    #[must_use]
    pub fn prefixed(mut self, prefix: &str) -> Violations {
        for violation in &mut self.list {
            violation.field.insert_str(0, prefix);
        }
        self
    }

    /// Adds those of `other` whose field, or a field around or inside it, is not told of already.
    pub fn merge(&mut self, other: Violations) {
        let told: Vec<String> = self.list.iter().map(|v| v.field.clone()).collect();
        for violation in other.list {
            if !told.iter().any(|field| touches(field, &violation.field)) {
                self.add(violation.field, violation.reason);
            }
        }
        self.total_mismatch |= other.total_mismatch;
    }

    /// `Ok` if nothing is wrong.
    pub fn into_result(self) -> Result<(), Violations> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }
}

/// Whether one path is the other or lies inside it (`lines[1]` and `lines[1].sku`, not `lines[10]`).
fn touches(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    long.strip_prefix(short)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, violation) in self.list.iter().enumerate() {
            let separator = if i == 0 { "" } else { "; " };
            write!(f, "{separator}{} {}", violation.field, violation.reason)?;
        }
        Ok(())
    }
}
