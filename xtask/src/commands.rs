//! The commands by name: what `cargo xtask help` lists and what each name runs.
//!
//! Each command is one file below this one, named by its verb.

mod bench;
mod browser;
mod ci;
mod faults;
mod import;
mod lab;
mod schemathesis;
mod test;
mod upgrade;

use std::fmt::{self, Write as _};

use crate::tidy;

/// How a command ends when it does not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The arguments make no sense; the help follows. Exit code 2.
    Usage(String),
    /// It was tried and failed: what failed, and what to do. Exit code 1.
    Failed(String),
}

impl Failure {
    /// A failure told by an error beside what was being done.
    pub(crate) fn while_doing(what: impl fmt::Display, error: impl fmt::Display) -> Self {
        Self::Failed(format!("{what}: {error}"))
    }
}

/// What a command returns.
pub(crate) type Outcome = Result<(), Failure>;

/// Every command of `cargo xtask`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Test,
    Ci,
    Tidy,
    Bench,
    Faults,
    Lab,
    Upgrade,
    Browser,
    Import,
    Schemathesis,
    Help,
}

impl Command {
    /// In the order in which `help` lists them.
    pub(crate) const ALL: [Self; 11] = [
        Self::Test,
        Self::Ci,
        Self::Tidy,
        Self::Bench,
        Self::Faults,
        Self::Lab,
        Self::Upgrade,
        Self::Browser,
        Self::Import,
        Self::Schemathesis,
        Self::Help,
    ];

    /// The command with this name; `--help` and `-h` are `help`.
    pub(crate) fn named(name: &str) -> Option<Self> {
        if name == "--help" || name == "-h" {
            return Some(Self::Help);
        }
        Self::ALL.into_iter().find(|command| command.name() == name)
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Ci => "ci",
            Self::Tidy => "tidy",
            Self::Bench => "bench",
            Self::Faults => "faults",
            Self::Lab => "lab",
            Self::Upgrade => "upgrade",
            Self::Browser => "browser",
            Self::Import => "import",
            Self::Schemathesis => "schemathesis",
            Self::Help => "help",
        }
    }

    const fn summary(self) -> &'static str {
        match self {
            Self::Test => "run every test; gets what it needs",
            Self::Ci => "format, lints, walls, licences, docs, then every test",
            Self::Tidy => "hold the walls that no lint can see",
            Self::Bench => "orders a second, latency, memory and CPU of a release build",
            Self::Faults => "inject every fault of the catalogue on real servers, and report",
            Self::Lab => "every fault of every network plane, and the mistakes that must be seen",
            Self::Upgrade => "this version and the one before on one store, rolled under load",
            Self::Browser => {
                "the dashboard in a real browser: its states, keyboard, phones, contrast"
            }
            Self::Import => "replay real purchases through REST and check the sums independently",
            Self::Schemathesis => "fuzz a running service by its own OpenAPI",
            Self::Help => "list the commands",
        }
    }

    /// Usage and meaning of one command.
    pub(crate) fn help(self) -> String {
        let details = match self {
            Self::Test => test::HELP,
            Self::Ci => ci::HELP,
            Self::Tidy => tidy::HELP,
            Self::Bench => bench::HELP,
            Self::Faults => faults::HELP,
            Self::Lab => lab::HELP,
            Self::Upgrade => upgrade::HELP,
            Self::Browser => browser::HELP,
            Self::Import => import::HELP,
            Self::Schemathesis => schemathesis::HELP,
            Self::Help => "Usage: cargo xtask help",
        };
        format!("{}: {}\n\n{details}", self.name(), self.summary())
    }

    /// Runs the command with the arguments that follow its name.
    pub(crate) fn run(self, arguments: &[String]) -> Outcome {
        match self {
            Self::Test => test::run(arguments),
            Self::Ci => ci::run(arguments),
            Self::Tidy => tidy::run(arguments),
            Self::Bench => bench::run(arguments),
            Self::Faults => faults::run(arguments),
            Self::Lab => lab::run(arguments),
            Self::Upgrade => upgrade::run(arguments),
            Self::Browser => browser::run(arguments),
            Self::Import => import::run(arguments),
            Self::Schemathesis => schemathesis::run(arguments),
            Self::Help => {
                println!("{}", overview());
                Ok(())
            }
        }
    }
}

fn overview() -> String {
    let mut text = String::from("Usage: cargo xtask COMMAND [--help] [arguments]\n\nCommands:\n");
    for command in Command::ALL {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {:<13} {}", command.name(), command.summary());
    }
    text.push_str(
        "\nTools that are missing are fetched into ${XDG_CACHE_HOME:-~/.cache}/order-service.",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_lists_every_command() {
        let text = overview();
        for command in Command::ALL {
            assert!(
                text.contains(command.name()),
                "{} is missing",
                command.name()
            );
            assert_eq!(Command::named(command.name()), Some(command));
        }
    }

    #[test]
    fn every_command_explains_its_usage() {
        for command in Command::ALL {
            let usage = format!("Usage: cargo xtask {}", command.name());
            assert!(command.help().contains(&usage), "{}", command.help());
        }
    }
}
