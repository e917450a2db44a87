//! The command line. Flags are made from the table of settings, so none is missing or extra.

use crate::settings::SETTINGS;
use clap::{Arg, ArgAction, Command, ValueHint, value_parser};
use clap_complete::Shell;
use std::path::PathBuf;

/// The id of `--config`.
pub(crate) const CONFIG_FILE: &str = "config_file";

/// The whole command line.
pub(crate) fn command() -> Command {
    Command::new("order-service")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Takes orders, keeps them, and tells what happens to them")
        .long_about(
            "Takes orders, keeps them, and tells what happens to them.\n\n\
             With nothing configured it serves REST on port 8080 and keeps orders in \
             ./data/orders.db. Every flag is also an environment variable (--http-listen-addr is \
             HTTP_LISTEN_ADDR) and a key of the --config file (http_listen_addr); a flag wins over \
             the environment, the environment over the file.",
        )
        .after_help("Exit codes: 0 done, 1 failed (one line says why and what to do), 2 wrong usage.")
        .arg(
            Arg::new(CONFIG_FILE)
                .long("config")
                .value_name("FILE.toml")
                .value_parser(value_parser!(PathBuf))
                .value_hint(ValueHint::FilePath)
                .global(true)
                .help("Settings in a TOML file"),
        )
        .args(SETTINGS.iter().map(|setting| {
            let default = match setting.default {
                "" => String::new(),
                default => format!(" [default: {default}]"),
            };
            Arg::new(setting.key)
                .long(setting.flag())
                .value_name(setting.value_name)
                .global(true)
                .hide_short_help(false)
                .help_heading("Settings")
                .help(format!("{}{default}", setting.help))
        }))
        .subcommand(Command::new("serve").about("Serve until SIGTERM or SIGINT (the default)"))
        .subcommand(Command::new("migrate").about("Bring the store's schema up to date, and end"))
        .subcommand(
            Command::new("config").about("Print the effective settings and where each comes from, secrets hidden"),
        )
        .subcommand(crate::netcheck::command())
        .subcommand(crate::feed::command())
        .subcommand(crate::topology::command())
        .subcommand(
            Command::new("asyncapi").about("Print the AsyncAPI 3.0 document of Kafka's topics and messages"),
        )
        .subcommand(Command::new("openapi").about("Print the OpenAPI 3.1 document of the REST interface"))
        .subcommand(
            Command::new("healthcheck")
                .about("Ask the service on this machine whether it is ready")
                .arg(
                    Arg::new("live")
                        .long("live")
                        .action(ArgAction::SetTrue)
                        .help("Ask whether it lives (/livez) instead of whether it is ready (/readyz)"),
                ),
        )
        .subcommand(
            Command::new("completions").about("Print completions for a shell").arg(
                Arg::new("shell").required(true).value_name("SHELL").value_parser(value_parser!(Shell)),
            ),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn settings_are_taken_before_and_behind_a_subcommand() {
        for line in [
            ["order-service", "--plane-wait", "1s", "config"],
            ["order-service", "config", "--plane-wait", "1s"],
        ] {
            let matches = command().try_get_matches_from(line).unwrap();
            let (_, sub) = matches.subcommand().unwrap();
            assert_eq!(
                sub.get_one::<String>("plane_wait").map(String::as_str),
                Some("1s")
            );
        }
    }
}
