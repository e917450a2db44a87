//! The file of callers: a table of identities, each with its roles.
//!
//! ```toml
//! [callers]
//! "spiffe://example/ns/shop/sa/web" = ["read", "place"]
//! "payments.example" = ["fact"]
//! ```

use super::Meaning;
use order_core::ports::{Caller, Identity, Role, Roles};
use std::collections::HashMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The one table of the file.
const TABLE: &str = "callers";

/// Callers of a file, at most.
const MAX_CALLERS: usize = 10_000;

/// Mistakes that are told at once, at most.
const MAX_TOLD: usize = 10;

/// Characters of what is quoted from the file, at most.
const MAX_QUOTED_CHARS: usize = 300;

/// Who has which roles.
#[derive(Debug)]
pub(super) struct Table(HashMap<Identity, Roles>);

impl Table {
    /// What this caller may do; nothing, where the file does not name it.
    pub(super) fn roles(&self, caller: &Caller) -> Roles {
        match caller {
            Caller::Named(identity) => self.0.get(identity).copied().unwrap_or_default(),
            Caller::Anonymous | Caller::Unnamed => Roles::NONE,
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Meaning for Table {
    fn read(text: &str) -> Result<Table, String> {
        let mut reading = Reading {
            text,
            wrong: Vec::new(),
        };
        let table = reading.document();
        reading.told().map(|()| table)
    }
}

/// A file that is being read, and what is wrong with it so far.
struct Reading<'t> {
    text: &'t str,
    wrong: Vec<(usize, String)>,
}

impl Reading<'_> {
    fn document(&mut self) -> Table {
        let mut table = Table(HashMap::new());
        let document = match DeTable::parse(self.text) {
            Ok(document) => document.into_inner(),
            Err(error) => {
                let at = error.span().unwrap_or_default();
                self.add(at, format!("is not TOML: {}", error.message()));
                return table;
            }
        };
        for (key, value) in &document {
            match (key.get_ref().as_ref(), value.get_ref()) {
                (TABLE, DeValue::Table(entries)) => self.entries(entries, &mut table),
                (TABLE, _) => self.add(value.span(), format!("{TABLE} must be a table")),
                (other, _) => {
                    let other = quoted(other);
                    self.add(
                        key.span(),
                        format!("{other} is not known; callers stand under [{TABLE}]"),
                    );
                }
            }
        }
        if !document.contains_key(TABLE) {
            self.add(0..0, format!("has no table [{TABLE}]"));
        }
        table
    }

    fn entries(&mut self, entries: &DeTable<'_>, table: &mut Table) {
        if entries.len() > MAX_CALLERS {
            let count = entries.len();
            self.add(
                0..0,
                format!("names {count} callers; {MAX_CALLERS} are the most"),
            );
            return;
        }
        for (name, value) in entries {
            let shown = quoted(name.get_ref());
            let roles = self.roles(&shown, value);
            match Identity::new(name.get_ref()) {
                Err(reason) => self.add(name.span(), format!("{shown} {reason}")),
                Ok(identity) => {
                    // TOML refuses a name that stands twice; it does not know that DNS names have no case.
                    if table.0.insert(identity, roles).is_some() {
                        let twice = format!("{shown} stands twice: DNS names know no case");
                        self.add(name.span(), twice);
                    }
                }
            }
        }
    }

    fn roles(&mut self, caller: &str, value: &Spanned<DeValue<'_>>) -> Roles {
        let mut roles = Roles::NONE;
        let Some(names) = value.get_ref().as_array() else {
            let hint = if value.get_ref().is_table() {
                "; a name with dots stands in quotation marks"
            } else {
                ""
            };
            let must_be = format!("{caller} must have a list of roles, such as [\"read\"]{hint}");
            self.add(value.span(), must_be);
            return roles;
        };
        for name in names {
            let text = name.get_ref().as_str();
            if let Some(role) = text.and_then(Role::named) {
                roles = roles.with(role);
                continue;
            }
            let kind = name.get_ref().type_str();
            let shown =
                text.map_or_else(|| kind.to_owned(), |text| format!("role {}", quoted(text)));
            let known = Role::ALL.map(Role::as_str).join(", ");
            let unknown = format!("{caller} has the unknown {shown}; roles are {known}");
            self.add(name.span(), unknown);
        }
        roles
    }

    fn add(&mut self, at: Range<usize>, what: String) {
        self.wrong.push((at.start, what));
    }

    /// All that is wrong, in the file's order, each with its line.
    fn told(mut self) -> Result<(), String> {
        if self.wrong.is_empty() {
            return Ok(());
        }
        self.wrong.sort_by_key(|(at, _)| *at);
        let line = |at: usize| {
            let before = self.text.as_bytes().get(..at).unwrap_or_default();
            before.split(|byte| *byte == b'\n').count()
        };
        let told = self.wrong.iter().take(MAX_TOLD);
        let mut told: Vec<String> = told
            .map(|(at, what)| format!("line {}: {what}", line(*at)))
            .collect();
        if self.wrong.len() > MAX_TOLD {
            told.push(format!("and {} more mistakes", self.wrong.len() - MAX_TOLD));
        }
        Err(told.join("; "))
    }
}

/// A text of the file as it may stand in a log.
fn quoted(text: &str) -> String {
    let end = text.char_indices().nth(MAX_QUOTED_CHARS);
    let shown = end.map_or(text, |(end, _)| &text[..end]);
    format!("{shown:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEB: &str = "spiffe://example/ns/shop/sa/web";

    fn named(name: &str) -> Caller {
        Caller::Named(Identity::new(name).unwrap())
    }

    /// A file of so many callers.
    fn callers(count: usize, roles: &str) -> String {
        let lines = (0..count).map(|number| format!("\"c{number}\" = {roles}"));
        let lines: Vec<String> = lines.collect();
        format!("[callers]\n{}", lines.join("\n"))
    }

    #[test]
    fn each_caller_has_its_roles_and_others_have_none() {
        let text = format!(
            "# who may do what\n[callers]\n\"{WEB}\" = [\"read\", \"place\"]\n\
             \"Pay.Example\" = [\"fact\"]\n\"idle.example\" = []\n"
        );
        let table = Table::read(&text).unwrap();
        assert_eq!(table.len(), 3);
        let both = Roles::NONE.with(Role::Read).with(Role::Place);
        assert_eq!(table.roles(&named(WEB)), both);
        let fact = Roles::NONE.with(Role::Fact);
        assert_eq!(table.roles(&named("pay.example")), fact);
        for caller in [
            named("idle.example"),
            named("spiffe://example/ns/shop/sa/web2"),
            Caller::Anonymous,
            Caller::Unnamed,
        ] {
            assert_eq!(table.roles(&caller), Roles::NONE, "{caller}");
        }
        assert_eq!(Table::read("[callers]").unwrap().len(), 0);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_name() {
        for (text, words) in [
            ("", &["line 1", "no table [callers]"][..]),
            ("callers = 1", &["line 1", "must be a table"]),
            ("[callers]\n[other]", &["line 2", "\"other\"", "[callers]"]),
            (
                "[callers]\n\"a.b\" = [\"reed\"]",
                &[
                    "line 2",
                    "\"a.b\"",
                    "\"reed\"",
                    "read, place, change, fact, admin",
                ],
            ),
            (
                "[callers]\n\"a.b\" = [1]",
                &["line 2", "\"a.b\"", "integer"],
            ),
            ("[callers]\n\"a.b\" = \"read\"", &["line 2", "[\"read\"]"]),
            (
                "[callers]\na.b = [\"read\"]",
                &["line 2", "quotation marks"],
            ),
            ("[callers]\n\n\"\" = []", &["line 3", "\"\" is empty"]),
            (
                "[callers]\n\"CN=web\" = []",
                &["line 2", "\"CN=web\"", "DNS name"],
            ),
            (
                "[callers]\n\"a.b\" = []\n\"a.b\" = []",
                &["line 3", "duplicate"],
            ),
            ("[callers]\n\"a.b\" = []\n\"A.b\" = []", &["stands twice"]),
            ("[callers]\n\"a.b\" = [", &["line 2", "TOML"]),
            // All at once, in the file's order.
            (
                "[callers]\n\"z\" = [\"x\"]\n\"a\" = [\"y\"]",
                &["line 2", "\"x\"; roles", "; line 3"],
            ),
        ] {
            let told = Table::read(text).unwrap_err();
            for word in words {
                assert!(told.contains(word), "{word} is not in: {told}");
            }
        }
        let told = Table::read(&callers(50, "[\"x\"]")).unwrap_err();
        assert!(told.ends_with("and 40 more mistakes"), "{told}");
    }

    #[test]
    fn more_callers_than_there_may_be_are_refused() {
        let of = |count| Table::read(&callers(count, "[]"));
        assert_eq!(of(MAX_CALLERS).unwrap().len(), MAX_CALLERS);
        assert!(of(MAX_CALLERS + 1).unwrap_err().contains("10000"));
    }
}
