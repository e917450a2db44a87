//! The cursor record: how far a partition of the feed has been published.

use order_core::ports::{Cursor, StoreId};
use serde::{Deserialize, Serialize};

/// The version of the record's form; a higher one is not understood here.
const VERSION: u32 = 1;

/// The value, as JSON that an operator can read.
#[derive(Debug, Serialize, Deserialize)]
struct Record<'a> {
    version: u32,
    offset: u64,
    store: String,
    #[serde(default, borrow)]
    event: Option<std::borrow::Cow<'a, str>>,
}

/// The key: the partition of the feed.
pub(super) fn key(partition: u16) -> String {
    partition.to_string()
}

/// The value.
pub(super) fn value(cursor: &Cursor) -> Vec<u8> {
    let record = Record {
        version: VERSION,
        offset: cursor.offset,
        store: cursor.store.to_string(),
        event: cursor.event.as_deref().map(Into::into),
    };
    // Texts and numbers in a struct always have a form in JSON.
    serde_json::to_vec(&record).unwrap_or_default()
}

/// Reads a value; the error says what is wrong with it.
pub(super) fn read(value: &[u8]) -> Result<Cursor, String> {
    let record: Record<'_> = serde_json::from_slice(value).map_err(|error| error.to_string())?;
    if record.version > VERSION {
        return Err(format!(
            "it has version {}, and versions up to {VERSION} are known here",
            record.version
        ));
    }
    let store: Result<StoreId, _> = record.store.parse();
    Ok(Cursor {
        offset: record.offset,
        store: store.map_err(|error| format!("its store {error}"))?,
        event: record.event.map(Into::into),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_rubbish_is_told() {
        for event in [None, Some("an \"order\"/7".to_owned())] {
            let cursor = Cursor {
                offset: u64::MAX,
                store: StoreId(0x0193_29c3_7d35_4a11_8f30_2f6e_d4c2_a9d1),
                event,
            };
            assert_eq!(read(&value(&cursor)), Ok(cursor));
        }
        let newer =
            br#"{"version":2,"offset":1,"store":"019329c3-7d35-4a11-8f30-2f6ed4c2a9d1","more":1}"#;
        assert!(read(newer).unwrap_err().contains("version 2"));
        for rubbish in ["", "7", "{}", r#"{"version":1,"offset":-1,"store":"x"}"#] {
            assert!(read(rubbish.as_bytes()).is_err(), "{rubbish}");
        }
    }
}
