//! Every setting once: its name, default and meaning. Flags, environment, file, `config`'s output
//! and the commented TOML are all held to this table.

use std::fmt;

/// One setting. Its key names it in the file (`http_listen_addr`), in the environment
/// (`HTTP_LISTEN_ADDR`) and as a flag (`--http-listen-addr`).
#[derive(Debug)]
pub(crate) struct Setting {
    pub(crate) key: &'static str,
    /// Empty: unset.
    pub(crate) default: &'static str,
    pub(crate) value_name: &'static str,
    pub(crate) help: &'static str,
    /// Whether `KEY_FILE` names a file to read the value from, and `config` hides it.
    pub(crate) secret: bool,
}

const fn setting(
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
        secret: false,
    }
}

/// The table, in the order of `--help` and of the file.
pub(crate) const SETTINGS: &[Setting] = &[
    setting(
        "http_listen_addr",
        "0.0.0.0:8080",
        "ADDR",
        "Where REST and the probes listen (data plane)",
    ),
    setting(
        "mgmt_listen_addr",
        "0.0.0.0:9091",
        "ADDR",
        "Where metrics and status listen (management plane)",
    ),
    Setting {
        secret: true,
        ..setting(
            "database_url",
            "sqlite:./data/orders.db",
            "URL",
            "Where orders are kept: sqlite:PATH is the embedded store",
        )
    },
    setting(
        "data_interface",
        "",
        "NAME",
        "Interface of the data plane: REST; unset: not bound",
    ),
    setting(
        "storage_interface",
        "",
        "NAME",
        "Interface of the storage plane: databases; unset: not bound",
    ),
    setting(
        "mgmt_interface",
        "",
        "NAME",
        "Interface of the management plane: metrics; unset: not bound",
    ),
    setting(
        "default_interface",
        "",
        "NAME",
        "Interface of the default plane: probes, where the data plane is bound",
    ),
    setting(
        "plane_wait",
        "30s",
        "TIME",
        "How long to wait at start for an interface that is named but absent",
    ),
    setting(
        "log_level",
        "info",
        "LEVEL",
        "error, warn, info, debug, trace, or a filter such as info,adapter_http=debug",
    ),
    setting(
        "log_format",
        "auto",
        "FORMAT",
        "text, json, or auto: text on a terminal, else json",
    ),
    setting(
        "drain_timeout",
        "25s",
        "TIME",
        "How long a stop waits for what was accepted",
    ),
    setting(
        "http_max_connections",
        "4096",
        "COUNT",
        "Connections that REST serves at a time",
    ),
    setting(
        "http_request_timeout",
        "10s",
        "TIME",
        "When a REST request is answered with 503 at the latest",
    ),
    setting(
        "store_max_queued_changes",
        "4096",
        "COUNT",
        "Changes that may wait for a commit; more are refused with 503",
    ),
];

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
