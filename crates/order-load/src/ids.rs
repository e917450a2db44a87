//! Ids of orders: what was placed before, to be read later.

use std::path::Path;

use crate::LoadError;

/// The text of a UUID.
pub const ID_BYTES: usize = 36;
/// Steps through the ids far enough that neighbours do not lie on one page of the database; a prime,
/// so that no id is left out.
const STRIDE: u64 = 7_919;

/// Ids of orders, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ids(Vec<[u8; ID_BYTES]>);

impl Ids {
    /// `None` where there is none.
    pub fn new(ids: Vec<[u8; ID_BYTES]>) -> Option<Self> {
        (!ids.is_empty()).then_some(Self(ids))
    }

    /// An id for the call with this number.
    pub fn of(&self, number: u64) -> &[u8; ID_BYTES] {
        let count = self.0.len() as u64;
        // Where the stride divides the count, it would visit a part alone.
        let stride = if count.is_multiple_of(STRIDE) {
            1
        } else {
            STRIDE
        };
        let at = u128::from(number) * u128::from(stride) % u128::from(count);
        &self.0[usize::try_from(at).unwrap_or_default()]
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// One a line.
    pub fn read(path: &Path) -> Result<Self, LoadError> {
        let wrong = |reason: String| LoadError::Ids {
            path: path.to_owned(),
            reason,
        };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let id = |line: &str| {
            let id = line.as_bytes().try_into();
            id.map_err(|_| wrong(format!("{line:?} is no order id")))
        };
        let ids = text.lines().map(id).collect::<Result<_, _>>()?;
        Self::new(ids).ok_or_else(|| wrong("it holds no ids".to_owned()))
    }

    /// As [`Ids::read`] takes them.
    pub fn write(&self, path: &Path) -> Result<(), LoadError> {
        let mut text = self.0.join(&b'\n');
        text.push(b'\n');
        std::fs::write(path, text).map_err(|error| LoadError::Ids {
            path: path.to_owned(),
            reason: error.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn ids(count: usize) -> Ids {
        let id = |n: usize| format!("{n:036}").into_bytes().try_into().unwrap();
        Ids::new((0..count).map(id).collect()).unwrap()
    }

    #[test]
    fn every_id_has_its_turn_before_one_comes_again() {
        for count in [1, 2, 1000, 7_919, 15_838] {
            let ids = ids(count);
            let seen: HashSet<_> = (0..count as u64).map(|number| ids.of(number)).collect();
            assert_eq!(seen.len(), count);
        }
    }

    #[test]
    fn a_file_of_ids_is_read_as_it_was_written() {
        let path = std::env::temp_dir().join(format!("order-load-ids-{}", std::process::id()));
        ids(20).write(&path).unwrap();
        assert_eq!(Ids::read(&path).unwrap(), ids(20));
        std::fs::write(&path, "x\n").unwrap();
        assert!(Ids::read(&path).unwrap_err().to_string().contains("\"x\""));
        std::fs::write(&path, "").unwrap();
        assert!(Ids::read(&path).unwrap_err().to_string().contains("no ids"));
        std::fs::remove_file(&path).unwrap();
    }
}
