//! The project's own tasks, run as `cargo xtask COMMAND`: what a developer or CI types.
//!
//! It depends on nothing of ours and on little else, so that the first `cargo xtask` of a day
//! answers in seconds. The rules that it holds live in `tidy`; the service is only started here,
//! never linked.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool speaks on stdout and stderr"
)]

mod commands;
mod disk;
mod environment;
mod metadata;
mod python;
mod service;
mod steps;
mod tidy;
mod tools;

use std::process::ExitCode;

use commands::Command;

/// Exit code of a command line that cannot be understood.
const EXIT_USAGE: u8 = 2;

/// Names further away than this from every command are not typing errors of one.
const NEAREST_MAX_EDITS: usize = 3;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = match arguments.split_first() {
        None => ("help", &[][..]),
        Some((name, rest)) => (name.as_str(), rest),
    };
    let Some(command) = Command::named(name) else {
        eprintln!("{}", unknown_command(name));
        return ExitCode::from(EXIT_USAGE);
    };
    if rest
        .first()
        .is_some_and(|first| first == "--help" || first == "-h")
    {
        println!("{}", command.help());
        return ExitCode::SUCCESS;
    }
    if let Err(error) = environment::enter_workspace() {
        eprintln!("cargo xtask {name}: {error}");
        return ExitCode::FAILURE;
    }
    match command.run(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(commands::Failure::Usage(message)) => {
            eprintln!("cargo xtask {name}: {message}\n\n{}", command.help());
            ExitCode::from(EXIT_USAGE)
        }
        Err(commands::Failure::Failed(message)) => {
            eprintln!("cargo xtask {name}: {message}");
            ExitCode::FAILURE
        }
    }
}

fn unknown_command(name: &str) -> String {
    let nearest = Command::ALL
        .iter()
        .map(|command| {
            (
                strsim::damerau_levenshtein(name, command.name()),
                command.name(),
            )
        })
        .min()
        .filter(|(edits, _)| *edits <= NEAREST_MAX_EDITS);
    match nearest {
        Some((_, nearest)) => format!(
            "cargo xtask: no command {name:?}; did you mean `cargo xtask {nearest}`? \
             `cargo xtask help` lists all"
        ),
        None => format!("cargo xtask: no command {name:?}; `cargo xtask help` lists all"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_names_the_nearest_command() {
        assert!(unknown_command("tset").contains("did you mean `cargo xtask test`"));
        assert!(unknown_command("schemathsis").contains("`cargo xtask schemathesis`"));
    }

    #[test]
    fn a_name_like_no_command_points_to_help() {
        let message = unknown_command("deploy-everything");
        assert!(!message.contains("did you mean"), "{message}");
        assert!(message.contains("cargo xtask help"), "{message}");
    }
}
