//! Applied migrations never change: each file's SHA-256 stands in `migrations/checksums.txt`.
//!
//! The list has the form of `sha256sum`, so `cd migrations && sha256sum -c checksums.txt` agrees.
//! A released file that must be corrected is corrected by a new file (expand and contract).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::{File, Violation};

/// The list of checksums.
pub(crate) const CHECKSUMS: &str = "migrations/checksums.txt";
const FOLDER: &str = "migrations/";

/// A migration that changed, is gone, or has no checksum yet; a line that cannot be read.
pub(crate) fn check(files: &[File]) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut listed: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
    for (at, line) in list(files).lines().enumerate() {
        match line.split_once("  ") {
            Some((sum, name))
                if sum.len() == 64 && listed.insert(name, (sum, at + 1)).is_none() => {}
            _ => found.push(Violation::new(
                CHECKSUMS,
                at + 1,
                "no line of `SHA-256, two blanks, store/file.sql`, or one given twice",
                "restore the line from git",
            )),
        }
    }
    for (name, file) in migrations(files) {
        match listed.remove(name) {
            None => found.push(Violation::new(
                &file.path,
                1,
                "a new migration without a checksum",
                "run `cargo xtask tidy --accept-new-migrations` once it is final",
            )),
            Some((sum, _)) if sum != digest(&file.text) => found.push(Violation::new(
                &file.path,
                1,
                "an accepted migration was changed",
                "restore it from git and put the change into a new file",
            )),
            Some(_) => {}
        }
    }
    for (name, (_, line)) in listed {
        let what = format!("{FOLDER}{name} is listed but gone");
        found.push(Violation::new(
            CHECKSUMS,
            line,
            what,
            "restore the file from git",
        ));
    }
    found
}

/// The lines to append for migrations that have none; lines that stand are never touched.
pub(crate) fn lines_for_new(files: &[File]) -> Vec<String> {
    let listed: Vec<&str> = list(files)
        .lines()
        .filter_map(|line| Some(line.split_once("  ")?.1))
        .collect();
    migrations(files)
        .filter(|(name, _)| !listed.contains(name))
        .map(|(name, file)| format!("{}  {name}", digest(&file.text)))
        .collect()
}

fn list(files: &[File]) -> &str {
    files
        .iter()
        .find(|file| file.path == CHECKSUMS)
        .map_or("", |file| &file.text)
}

fn migrations(files: &[File]) -> impl Iterator<Item = (&str, &File)> {
    files.iter().filter_map(|file| {
        let name = file.path.strip_prefix(FOLDER)?;
        file.is("sql").then_some((name, file))
    })
}

fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// Lower-case hexadecimal, as `sha256sum` prints it.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf 'SELECT 1;' | sha256sum`
    const SUM: &str = "17db4fd369edb9244b9f91d9aeed145c3d04ad8ba6e95d06247f07a63527d11a";

    fn files(sql: &str, list: &str) -> Vec<File> {
        let file = |path: &str, text: &str| File {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        vec![
            file(CHECKSUMS, list),
            file("migrations/sqlite/0001_init.sql", sql),
        ]
    }

    fn accepted() -> String {
        format!("{SUM}  sqlite/0001_init.sql\n")
    }

    #[track_caller]
    fn assert_one(files: &[File], part: &str) {
        let found = check(files);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].what.contains(part), "{found:?}");
    }

    #[test]
    fn an_unchanged_migration_passes() {
        assert_eq!(check(&files("SELECT 1;", &accepted())), []);
    }

    #[test]
    fn a_changed_migration_is_refused_and_cannot_be_accepted() {
        let changed = files("SELECT 2;", &accepted());
        assert_one(&changed, "was changed");
        assert_eq!(lines_for_new(&changed), Vec::<String>::new());
    }

    #[test]
    fn a_new_migration_is_named_and_can_be_accepted() {
        let new = files("SELECT 1;", "");
        assert_one(&new, "without a checksum");
        let lines = lines_for_new(&new);
        assert_eq!(lines, [format!("{SUM}  sqlite/0001_init.sql")]);
        assert_eq!(check(&files("SELECT 1;", &lines.join("\n"))), []);
    }

    #[test]
    fn a_removed_migration_is_named() {
        let mut gone = files("SELECT 1;", &accepted());
        gone.pop();
        assert_one(&gone, "listed but gone");
    }

    #[test]
    fn an_unreadable_or_doubled_line_is_named() {
        assert_one(
            &files("SELECT 1;", &format!("{}rubbish\n", accepted())),
            "no line of",
        );
        assert_one(&files("SELECT 1;", &accepted().repeat(2)), "given twice");
    }
}
