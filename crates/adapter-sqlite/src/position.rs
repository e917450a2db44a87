//! Positions of the feed as SQLite keeps them: one number, the partition above the offset, so that a
//! partition is a range of the primary key and needs no index of its own.

use order_core::ports::{FeedPosition, FeedToken};

/// Bits of the offset within its partition: room for 281 million million events.
const OFFSET_BITS: u32 = 48;
/// Partitions that fit above them in a positive 64-bit number.
const MAX_PARTITION: u16 = 0x7FFF;

/// The newest position of each partition; one row a partition, however many events there are.
pub(crate) const HEADS: &str = "WITH RECURSIVE heads(last) AS ( \
     SELECT max(position) FROM order_events UNION ALL \
     SELECT (SELECT max(position) FROM order_events WHERE position < (last >> 48) << 48) \
     FROM heads WHERE last IS NOT NULL) \
     SELECT last FROM heads WHERE last IS NOT NULL";

/// Whether events of this partition can be stored.
pub(crate) fn is_storable(partition: u16) -> bool {
    partition <= MAX_PARTITION
}

pub(crate) fn to_row(position: FeedPosition) -> i64 {
    let offset = i64::try_from(position.offset).unwrap_or(i64::MAX) & ((1 << OFFSET_BITS) - 1);
    (i64::from(position.partition & MAX_PARTITION) << OFFSET_BITS) | offset
}

pub(crate) fn from_row(row: i64) -> FeedPosition {
    FeedPosition {
        partition: u16::try_from(row >> OFFSET_BITS).unwrap_or(0),
        offset: u64::try_from(row & ((1 << OFFSET_BITS) - 1)).unwrap_or(0),
    }
}

/// The token that stands at these newest positions.
pub(crate) fn head(rows: impl IntoIterator<Item = i64>) -> FeedToken {
    let mut head = FeedToken::start();
    for row in rows {
        head.advance(from_row(row));
    }
    head
}

/// The partitions that a token speaks of.
pub(crate) fn partitions(token: &FeedToken) -> impl Iterator<Item = u16> {
    (0..token.partitions()).filter_map(|partition| u16::try_from(partition).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_sort_by_partition_and_offset_and_read_back() {
        let ends = [
            (0, 1),
            (0, 1 << 47),
            (1, 1),
            (63, 7),
            (0x7FFF, (1 << 48) - 1),
        ];
        let positions = ends.map(|(partition, offset)| FeedPosition { partition, offset });
        let rows = positions.map(to_row);
        assert!(rows.is_sorted() && rows.iter().all(|row| *row > 0));
        assert_eq!(rows.map(from_row), positions);
    }
}
