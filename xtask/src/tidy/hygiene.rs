//! Nothing of one machine in what everybody shares: no home folder, no other registry.

use super::{File, Violation};

/// Split, so that this file does not name them itself.
const MACHINE_PATHS: [&str; 2] = [concat!("/ro", "ot/"), concat!("/ho", "me/")];
/// Settings that point package managers elsewhere, by the files that hold them.
const REGISTRY_SETTINGS: [(&str, &str); 6] = [
    (".cargo/config.toml", "[source"),
    (".cargo/config.toml", "[registr"),
    (".cargo/config.toml", "replace-with"),
    (".npmrc", "registry"),
    ("pip.conf", "index-url"),
    ("requirements.txt", "index-url"),
];
/// How the lock file names the public index. `cargo deny` compares the whole address.
const INDEX: (&str, &str) = ("registry+https://", "/rust-lang/crates.io-index");

/// Every line that names a machine's folder or a registry that is not the public one.
pub(crate) fn check(files: &[File]) -> Vec<Violation> {
    files.iter().flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<Violation> {
    let mut found = Vec::new();
    for (at, line) in file.text.lines().enumerate() {
        let mut refuse = |what: String, fix: &str| {
            found.push(Violation::new(&file.path, at + 1, what, fix));
        };
        if let Some(path) = MACHINE_PATHS.iter().find(|path| names(line, path)) {
            refuse(
                format!("names a path of one machine ({path}…)"),
                "use a relative path or $HOME",
            );
        }
        if is_lock(&file.path) && is_foreign_source(line) {
            refuse(
                "a package from elsewhere than the public index".to_owned(),
                "remove the source replacement and run `cargo update --workspace`",
            );
        }
        let setting = REGISTRY_SETTINGS
            .iter()
            .find(|(name, setting)| file.path.ends_with(name) && line.trim().starts_with(setting));
        if let Some((_, setting)) = setting {
            refuse(
                format!("`{setting}` chooses a registry"),
                "keep it in the user's own settings",
            );
        }
    }
    found
}

/// A path of a machine begins a path; `docs/home/` does not.
fn names(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "_-.}*>)]".contains(c))
    })
}

fn is_lock(path: &str) -> bool {
    path == "Cargo.lock" || path.ends_with("/Cargo.lock")
}

fn is_foreign_source(line: &str) -> bool {
    let Some(source) = line.strip_prefix("source = ") else {
        return false;
    };
    let source = source.trim().trim_matches('"');
    !(source.starts_with(INDEX.0) && source.ends_with(INDEX.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<Violation> {
        check(&[File {
            path: path.to_owned(),
            text: text.to_owned(),
        }])
    }

    #[test]
    fn a_home_folder_is_refused() {
        for path in MACHINE_PATHS {
            let violations = found("docs/PAGE.md", &format!("fine\nrun {path}me/x\n"));
            assert_eq!(violations.len(), 1, "{violations:?}");
            assert_eq!(violations[0].line, 2);
        }
    }

    #[test]
    fn a_folder_of_that_name_within_a_path_passes() {
        assert_eq!(
            found("docs/PAGE.md", &format!("see docs{}page", MACHINE_PATHS[1])),
            []
        );
    }

    #[test]
    fn the_lock_file_knows_the_public_index_alone() {
        let public = "source = \"registry+https://example.invalid/rust-lang/crates.io-index\"\n";
        assert_eq!(found("Cargo.lock", public), []);
        for other in [
            "sparse+https://mirror.invalid/index/",
            "git+https://git.invalid/x#1",
        ] {
            let violations = found("Cargo.lock", &format!("source = \"{other}\"\n"));
            assert_eq!(violations.len(), 1, "{other}");
        }
    }

    #[test]
    fn no_tracked_setting_chooses_a_registry() {
        assert_eq!(found(".cargo/config.toml", "[source.crates-io]\n").len(), 1);
        assert_eq!(found(".cargo/config.toml", "[alias]\n"), []);
        assert_eq!(found("web/.npmrc", "registry=x\n").len(), 1);
    }
}
