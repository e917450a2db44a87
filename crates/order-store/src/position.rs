//! Positions of the feed as databases keep them: one number, the partition above the offset, so that a
//! partition is a range of the primary key and needs no index of its own.

use order_core::ports::{FeedPosition, FeedToken};

/// Bits of the offset within its partition: room for 281 million million events.
const OFFSET_BITS: u32 = 48;
/// Bits of the partition above them; the number stays positive.
const PARTITION_MASK: u16 = 0x7FFF;
/// The last partition that a [`FeedToken`] can speak of.
pub(crate) const MAX_PARTITION: u16 = 63;

/// The number of a position.
pub fn to_row(position: FeedPosition) -> i64 {
    let offset = i64::try_from(position.offset).unwrap_or(i64::MAX) & ((1 << OFFSET_BITS) - 1);
    (i64::from(position.partition & PARTITION_MASK) << OFFSET_BITS) | offset
}

/// The position of a number.
pub fn from_row(row: i64) -> FeedPosition {
    FeedPosition {
        partition: u16::try_from(row >> OFFSET_BITS).unwrap_or(0),
        offset: u64::try_from(row & ((1 << OFFSET_BITS) - 1)).unwrap_or(0),
    }
}

/// The partitions that a token speaks of.
pub fn partitions(token: &FeedToken) -> impl Iterator<Item = u16> {
    (0..token.partitions()).filter_map(|partition| u16::try_from(partition).ok())
}

/// Whether `token` has come further than `than` in some partition.
pub fn is_beyond(token: &FeedToken, than: &FeedToken) -> bool {
    partitions(token).any(|partition| token.offset(partition) > than.offset(partition))
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
            (MAX_PARTITION, 7),
            (0x7FFF, (1 << 48) - 1),
        ];
        let positions = ends.map(|(partition, offset)| FeedPosition { partition, offset });
        let rows = positions.map(to_row);
        assert!(rows.is_sorted() && rows.iter().all(|row| *row > 0));
        assert_eq!(rows.map(from_row), positions);
    }
}
