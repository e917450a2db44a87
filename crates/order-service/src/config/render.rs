//! What is in force, for people; secrets are hidden.

use crate::setting::Secret;
use crate::settings::SETTINGS;
use crate::values::Values;
use std::fmt::Write as _;

/// What stands in place of a secret.
const HIDDEN: &str = "***";

/// The effective values as a TOML file that can be read again, secrets hidden, with their sources.
pub(crate) fn render(values: &Values) -> String {
    let mut text = String::new();
    for setting in SETTINGS {
        let value = values.get(setting.key);
        let shown = match setting.secret {
            Secret::No => value.text.clone(),
            Secret::InUrl => hide_password(&value.text),
            Secret::Whole if value.text.is_empty() => String::new(),
            Secret::Whole => HIDDEN.to_owned(),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{} = {} # {}",
            setting.key,
            quoted(&shown),
            value.source
        );
    }
    text
}

/// A TOML basic string: JSON's escapes are a part of TOML's.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(letter));
            }
            letter => quoted.push(letter),
        }
    }
    quoted + "\""
}

/// A URL without the password between `user:` and `@host`.
pub(super) fn hide_password(url: &str) -> String {
    let hidden = || {
        let (scheme, rest) = url.split_once("://")?;
        let (login, host) = rest.rsplit_once('@')?;
        let (user, _) = login.split_once(':')?;
        Some(format!("{scheme}://{user}:{HIDDEN}@{host}"))
    };
    hidden().unwrap_or_else(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        assert_eq!(
            hide_password("postgres://me:se@cret@db/o"),
            "postgres://me:***@db/o"
        );
        assert_eq!(hide_password("sqlite:./x"), "sqlite:./x");
    }
}
