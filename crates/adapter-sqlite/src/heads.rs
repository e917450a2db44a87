//! Where the feed stands, as the file has it: no counter is kept, the newest event of a partition tells.

use order_core::ports::FeedToken;
use order_store::position::from_row;

/// The newest position of each partition; one row a partition, however many events there are.
pub(crate) const HEADS: &str = "WITH RECURSIVE heads(last) AS ( \
     SELECT max(position) FROM order_events UNION ALL \
     SELECT (SELECT max(position) FROM order_events WHERE position < (last >> 48) << 48) \
     FROM heads WHERE last IS NOT NULL) \
     SELECT last FROM heads WHERE last IS NOT NULL";

/// The token that stands at these newest positions.
pub(crate) fn head(rows: impl IntoIterator<Item = i64>) -> FeedToken {
    let mut head = FeedToken::start();
    for row in rows {
        head.advance(from_row(row));
    }
    head
}
