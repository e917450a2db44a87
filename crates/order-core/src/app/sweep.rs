//! What the chores have in common: a page of work, done at once, each piece for itself.

use super::AppError;
use futures_util::future::join_all;

/// What one call of a chore came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Orders or facts that it dealt with.
    pub done: usize,
    /// Whether to call again at once: there may be more, and this call got on.
    pub more: bool,
}

/// Drives all `pieces` to their end, so that they share commits, and adds up what they did. One that
/// fails keeps no other waiting; the first failure is told when all have ended. `full`: whether there
/// may be more work than this.
pub(super) async fn sweep(
    pieces: impl Iterator<Item = impl Future<Output = Result<usize, AppError>>>,
    full: bool,
) -> Result<Swept, AppError> {
    let mut done = 0;
    for piece in join_all(pieces).await {
        done += piece?;
    }
    Ok(Swept {
        done,
        more: full && done > 0,
    })
}
