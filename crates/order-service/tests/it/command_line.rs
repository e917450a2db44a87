//! The command line: what each command prints, and how each mistake is told.

use crate::service::{Service, asyncapi, binary, folder};
use std::fs;
use std::process::Output;

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    binary()
        .args(arguments)
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The message of a command that has to fail.
fn failure(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = run(arguments, environment);
    assert_eq!(
        output.status.code(),
        Some(1),
        "{arguments:?}: {}",
        text(&output.stderr)
    );
    text(&output.stderr)
}

#[test]
fn help_tells_every_command_and_setting_and_wrong_usage_is_2() {
    let help = text(&run(&["--help"], &[]).stdout);
    for word in [
        "serve",
        "migrate",
        "config",
        "openapi",
        "asyncapi",
        "healthcheck",
        "topology",
        "completions",
        "--http-listen-addr",
        "--config",
    ] {
        assert!(help.contains(word), "{word} is missing in:\n{help}");
    }
    assert_eq!(run(&["swerve"], &[]).status.code(), Some(2));
    assert_eq!(run(&["--no-such-flag"], &[]).status.code(), Some(2));
    assert!(
        text(&run(&["serv"], &[]).stderr).contains("serve"),
        "the nearest command is named"
    );
}

#[test]
fn config_shows_values_and_sources_and_can_be_read_again() {
    let (folder, _) = folder();
    let file = folder.path().join("settings.toml");
    fs::write(&file, "plane_wait = \"7s\"\nhttp_max_connections = 9\n").unwrap();
    let file = file.to_str().unwrap();
    let environment = [("PLANE_WAIT", "8s"), ("LOG_LEVEL", "debug")];
    let shown = run(
        &["config", "--config", file, "--log-level", "warn"],
        &environment,
    );
    let shown = text(&shown.stdout);
    for line in [
        "plane_wait = \"8s\" # environment PLANE_WAIT",
        "log_level = \"warn\" # flag --log-level",
        &format!("http_max_connections = \"9\" # file {file}"),
        "mgmt_listen_addr = \"0.0.0.0:9091\" # default",
    ] {
        assert!(shown.contains(line), "{line} is missing in:\n{shown}");
    }
    fs::write(file, &shown).unwrap();
    assert!(run(&["config", "--config", file], &[]).status.success());
}

#[test]
fn mistakes_are_told_by_their_names() {
    let (folder, _) = folder();
    let file = folder.path().join("settings.toml");
    fs::write(&file, "http_listen_adr = \"x\"\nplane_wait = [1]\n").unwrap();
    let told = failure(&["config", "--config", file.to_str().unwrap()], &[]);
    assert!(
        told.contains("did you mean \"http_listen_addr\"?") && told.contains("plane_wait must be"),
        "{told}"
    );
    let told = failure(&["config", "--config", "/no/such.toml"], &[]);
    assert!(
        told.contains("/no/such.toml") && told.contains("--config"),
        "{told}"
    );
    let secret = [("DATABASE_URL", "postgres://me:hunter2@d b/orders")];
    let told = failure(&["serve"], &secret);
    assert!(
        told.contains("database_url") && told.contains("HOST:PORT") && !told.contains("hunter2"),
        "{told}"
    );
    let told = failure(
        &["config"],
        &[("DATABASE_URL", "sqlite:a"), ("DATABASE_URL_FILE", "b")],
    );
    assert!(told.contains("both set"), "{told}");
}

#[test]
fn secrets_are_read_from_files() {
    let (folder, database) = folder();
    let file = folder.path().join("url");
    fs::write(&file, format!("sqlite:{}\n", database.display())).unwrap();
    let output = run(
        &["migrate"],
        &[("DATABASE_URL_FILE", file.to_str().unwrap())],
    );
    assert!(
        output.status.success() && database.exists(),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn the_commented_file_holds_exactly_the_defaults() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/order-service.toml");
    let defaults = text(&run(&["config"], &[]).stdout);
    let from_file = text(&run(&["config", "--config", file], &[]).stdout);
    let values = |shown: &str| -> Vec<String> {
        shown
            .lines()
            .map(|line| line.split(" # ").next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(values(&defaults), values(&from_file));
    let unset: Vec<&str> = from_file
        .lines()
        .filter(|line| line.ends_with("# default"))
        .collect();
    assert!(unset.is_empty(), "the file does not name {unset:?}");
}

#[test]
fn the_contracts_and_completions_are_printed() {
    let document: serde_json::Value =
        serde_json::from_slice(&run(&["openapi"], &[]).stdout).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(document["paths"]["/v1/orders"]["post"].is_object());
    let topics = asyncapi();
    let document: serde_json::Value = serde_json::from_str(&topics).unwrap();
    assert_eq!(document["asyncapi"], "3.0.0");
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/asyncapi.json");
    assert_eq!(
        fs::read_to_string(file).unwrap(),
        topics,
        "of another build"
    );
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            text(&run(&["completions", shell], &[]).stdout).contains("order-service"),
            "{shell}"
        );
    }
}

#[test]
fn healthcheck_tells_a_service_that_serves_from_one_that_does_not() {
    let (_folder, database) = folder();
    let service = Service::start(&database);
    let addr = service.rest.to_string();
    for arguments in [&["healthcheck"][..], &["healthcheck", "--live"]] {
        let output = run(arguments, &[("HTTP_LISTEN_ADDR", &addr)]);
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    drop(service);
    let told = failure(&["healthcheck"], &[("HTTP_LISTEN_ADDR", &addr)]);
    assert!(told.contains(&addr), "{told}");
}

#[test]
fn a_second_process_on_the_same_file_and_a_taken_port_are_refused_with_advice() {
    let (folder, database) = folder();
    let service = Service::start(&database);
    let url = format!("sqlite:{}", database.display());
    let free = |name| (name, "127.0.0.1:0");
    let told = failure(
        &["serve"],
        &[
            ("DATABASE_URL", &url),
            free("HTTP_LISTEN_ADDR"),
            free("GRPC_LISTEN_ADDR"),
            free("MGMT_LISTEN_ADDR"),
        ],
    );
    assert!(
        told.contains("orders.db") && told.contains("another process"),
        "{told}"
    );
    let other = format!("sqlite:{}", folder.path().join("other.db").display());
    for (name, taken) in [
        ("HTTP_LISTEN_ADDR", service.rest),
        ("GRPC_LISTEN_ADDR", service.grpc),
        ("MGMT_LISTEN_ADDR", service.management),
    ] {
        let taken = taken.to_string();
        let mut environment = vec![("DATABASE_URL", &*other), (name, &*taken)];
        for other in ["HTTP_LISTEN_ADDR", "GRPC_LISTEN_ADDR", "MGMT_LISTEN_ADDR"] {
            if other != name {
                environment.push(free(other));
            }
        }
        let told = failure(&["serve"], &environment);
        assert!(
            told.contains(&taken) && told.contains("EADDRINUSE"),
            "{told}"
        );
    }
}
