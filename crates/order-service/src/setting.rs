//! What a setting is: its names, its default, and where its value comes from.

use std::fmt;

/// One setting. Its key names it in the file (`http_listen_addr`), in the environment
/// (`HTTP_LISTEN_ADDR`) and as a flag (`--http-listen-addr`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) key: &'static str,
    /// Empty: unset.
    pub(crate) default: &'static str,
    pub(crate) value_name: &'static str,
    pub(crate) help: &'static str,
    /// A secret can be read from the file that `KEY_FILE` names, and `config` hides it.
    pub(crate) secret: Secret,
}

/// What of a value nobody may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secret {
    No,
    /// The password of a URL.
    InUrl,
    Whole,
}

impl Setting {
    /// The environment's name.
    pub(crate) fn variable(&self) -> String {
        self.key.to_ascii_uppercase()
    }

    /// The flag's name, without dashes in front.
    pub(crate) fn flag(&self) -> String {
        self.key.replace('_', "-")
    }
}

/// Where a value comes from, strongest last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Default,
    File(String),
    Environment(String),
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Default => f.write_str("default"),
            Source::File(path) => write!(f, "file {path}"),
            Source::Environment(name) => write!(f, "environment {name}"),
            Source::Flag(flag) => write!(f, "flag --{flag}"),
        }
    }
}

/// A setting that names a file, and is unset by default.
pub(crate) const fn file(key: &'static str, help: &'static str) -> Setting {
    setting(key, "", "FILE", help)
}

pub(crate) const fn setting(
    key: &'static str,
    default: &'static str,
    value_name: &'static str,
    help: &'static str,
) -> Setting {
    Setting {
        key,
        default,
        value_name,
        help,
        secret: Secret::No,
    }
}
