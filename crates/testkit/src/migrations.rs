//! A migration that no store lists would never be applied.

use std::path::Path;

/// `names` are the files of `folder` without their `.sql`, numbered from `0001_` without a gap.
pub fn assert_every_migration<'a>(folder: &Path, names: impl IntoIterator<Item = &'a str>) {
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let listed: Vec<&str> = names.into_iter().collect();
    let with_ending: Vec<String> = listed.iter().map(|name| format!("{name}.sql")).collect();
    assert_eq!(files, with_ending);
    for (number, name) in (1..).zip(listed) {
        assert!(
            name.starts_with(&format!("{number:04}_")),
            "{name} is not number {number}"
        );
    }
}
