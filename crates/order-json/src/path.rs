//! The caller's own path of a field, grown and cut back while a body is walked.

use std::fmt::Write;

/// Characters of a caller's member name that a path shows, at most.
const MAX_NAME_CHARS: usize = 64;

/// A path such as `lines[3].quantity`. The root is the empty path.
pub(crate) struct Path(String);

impl Path {
    /// The path that everything stands behind.
    pub(crate) fn starting_at(prefix: &str) -> Path {
        Path(prefix.to_owned())
    }

    /// Does `work` inside the member `name`.
    pub(crate) fn in_member<R>(&mut self, name: &str, work: impl FnOnce(&mut Path) -> R) -> R {
        let length = self.0.len();
        if !self.0.is_empty() {
            self.0.push('.');
        }
        self.0.extend(name.chars().take(MAX_NAME_CHARS));
        let result = work(self);
        self.0.truncate(length);
        result
    }

    /// Does `work` inside the element `index`, counted from 0.
    pub(crate) fn in_element<R>(&mut self, index: usize, work: impl FnOnce(&mut Path) -> R) -> R {
        let length = self.0.len();
        // Writing to a String cannot fail.
        let _ = write!(self.0, "[{index}]");
        let result = work(self);
        self.0.truncate(length);
        result
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}
