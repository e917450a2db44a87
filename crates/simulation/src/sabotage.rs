//! Worlds that are broken on purpose: whoever checks a world has to find out.

/// What is broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sabotage {
    /// Nothing: nothing may be found.
    #[default]
    None,
    /// The store acknowledges a commit and forgets it.
    ForgetsACommit,
    /// Messages are handled a second time under an id and a business key of their own.
    HandlesTwice,
    /// A publisher that takes over starts at the beginning of the feed.
    PublishesFromTheBeginning,
    /// A deadline is dealt with twice.
    ExpiresTwice,
}
