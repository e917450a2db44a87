//! The catalogue of faults: every row, and which tests inject it.

mod broker;
mod stores;

/// One row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) id: &'static str,
    pub(super) group: &'static str,
    /// What is done.
    pub(super) injection: &'static str,
    /// What must hold all the same.
    pub(super) expected: &'static str,
    /// Which tests: `None`, those whose name begins with the id; else a regular expression of names.
    tests: Option<&'static str>,
}

impl Row {
    /// The tests of the row, as a filter of nextest.
    pub(super) fn filter(&self) -> String {
        match self.tests {
            Some(names) => format!("test(/{names}/)"),
            // A test may be of several rows: `r4_r5_…`.
            None => format!("test(/(^|::)([a-z]+[0-9]+_)*{}_/)", self.id.to_lowercase()),
        }
    }
}

const fn row(
    id: &'static str,
    group: &'static str,
    injection: &'static str,
    expected: &'static str,
) -> Row {
    Row {
        id,
        group,
        injection,
        expected,
        tests: None,
    }
}

const fn named(row: Row, tests: &'static str) -> Row {
    Row {
        tests: Some(tests),
        ..row
    }
}

/// Every row, in the order of the report.
pub(super) fn all() -> impl Iterator<Item = &'static Row> {
    broker::ROWS.iter().chain(stores::ROWS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stand_once() {
        let rows: Vec<&Row> = all().collect();
        for (at, row) in rows.iter().enumerate() {
            assert!(
                rows[..at].iter().all(|other| other.id != row.id),
                "{}",
                row.id
            );
        }
    }

    #[test]
    fn a_row_finds_tests_that_begin_with_its_id() {
        let r1 = broker::ROWS[0].filter();
        assert_eq!(r1, "test(/(^|::)([a-z]+[0-9]+_)*r1_/)");
    }
}
