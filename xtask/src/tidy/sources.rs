//! Rules about single source files: their opening, size and name, and words that have one room.

use super::code::shipped_lines;
use super::{File, Violation};

/// A file longer than this hides something that wants a name of its own.
const MAX_FILE_LINES: usize = 400;
/// Extensions of code written by hand.
const CODE: [&str; 5] = ["rs", "py", "sh", "js", "ts"];
/// What a generator writes into the first line of its output.
const GENERATED: &str = "@generated";

/// Words that only some rooms may say.
struct Reserved {
    words: &'static [&'static str],
    /// Folders in which the rule holds.
    held_in: &'static [&'static str],
    /// Folders or files in them that may say the words.
    rooms: &'static [&'static str],
    what: &'static str,
    fix: &'static str,
}

const RESERVED: &[Reserved] = &[
    Reserved {
        words: &[
            "TcpListener::bind",
            "TcpStream::connect",
            "TcpSocket::new",
            "UdpSocket::bind",
            "Socket::new",
            "UnixListener::bind",
            "UnixStream::connect",
            "UnixDatagram::bind",
            "UnixDatagram::unbound",
            "HttpConnector::new",
            "socket2::",
            "rustix::net",
        ],
        held_in: &["crates/", "xtask/"],
        // `xtask` runs beside the service, on the loopback of a developer's machine.
        rooms: &["crates/planes/", "xtask/src/service.rs"],
        what: "makes a socket",
        fix: "use planes::listen or planes::connect, so that it is bound to its plane",
    },
    Reserved {
        words: &["lookup_host", "to_socket_addrs", "ToSocketAddrs"],
        held_in: &["crates/", "xtask/"],
        rooms: &["crates/planes/"],
        what: "resolves a name by getaddrinfo, whose socket no plane holds",
        fix: "take a literal address, or let planes resolve it",
    },
    Reserved {
        words: &["SystemTime::now", "Timestamp::now", "Zoned::now"],
        held_in: &["crates/"],
        rooms: &[
            "crates/order-service/src/clock.rs",
            "crates/testkit/src/fakes/machine_clock.rs",
        ],
        what: "reads the wall clock",
        fix: "take the time from the Clock port",
    },
    Reserved {
        words: &["f32", "f64"],
        held_in: &[
            "crates/order-core/src/",
            "crates/order-proto/src/",
            "crates/order-json/src/",
        ],
        // serde tells a fraction as a float; these two meet it to refuse it.
        rooms: &[
            "crates/order-json/src/strict.rs",
            "crates/order-json/src/tree.rs",
        ],
        what: "names a float type",
        fix: "count in integers: amounts are i64 minor units",
    },
    Reserved {
        words: &["env::var", "env::var_os", "env::vars", "env::vars_os"],
        held_in: &["crates/"],
        // Cargo tells a build script by the environment where to write.
        rooms: &[
            "crates/order-proto/build.rs",
            "crates/order-service/src/",
            "crates/testkit/",
        ],
        what: "reads the environment",
        fix: "take it as a parameter; order-service's config reads the environment",
    },
];

/// Every broken rule of every file.
pub(crate) fn check(files: &[File]) -> Vec<Violation> {
    files.iter().flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<Violation> {
    let mut found = Vec::new();
    if !CODE.iter().any(|extension| file.is(extension)) || is_generated(file) {
        return found;
    }
    let lines = file.text.lines().count();
    if lines > MAX_FILE_LINES {
        found.push(Violation::new(
            &file.path,
            MAX_FILE_LINES + 1,
            format!("{lines} lines, {MAX_FILE_LINES} is the most"),
            "give a part of it a name and a file of its own",
        ));
    }
    if !file.is("rs") {
        return found;
    }
    if file.path.ends_with("/mod.rs") {
        let fix = "name the file after its module and put it beside the folder";
        found.push(Violation::new(&file.path, 1, "a mod.rs", fix));
    }
    let opening = file.text.lines().find(|line| !line.trim().is_empty());
    if !opening.is_some_and(|line| line.starts_with("//!")) {
        let fix = "open it with `//!`: what this room is for, what never enters it";
        found.push(Violation::new(&file.path, 1, "no `//!` at the top", fix));
    }
    found.extend(reserved_words(file));
    found
}

fn is_generated(file: &File) -> bool {
    file.text
        .lines()
        .next()
        .is_some_and(|line| line.contains(GENERATED))
}

fn reserved_words(file: &File) -> Vec<Violation> {
    let held: Vec<&Reserved> = RESERVED
        .iter()
        .filter(|rule| holds(rule, &file.path))
        .collect();
    if held.is_empty() || is_test_code(&file.path) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (at, line) in shipped_lines(&file.text).iter().enumerate() {
        for rule in &held {
            if let Some(word) = rule.words.iter().find(|word| says(line, word)) {
                let what = format!("{word} {}", rule.what);
                found.push(Violation::new(&file.path, at + 1, what, rule.fix));
            }
        }
    }
    found
}

fn holds(rule: &Reserved, path: &str) -> bool {
    let within = |folders: &[&str]| folders.iter().any(|folder| path.starts_with(folder));
    within(rule.held_in) && !within(rule.rooms)
}

/// Integration tests, and unit tests that have a file of their own.
fn is_test_code(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs")
}

/// Whether `line` says `word` as a whole name. A path may go on (`TcpSocket::new_v4`), a plain
/// name may not (`f64` is not in `of_f64s`).
fn says(line: &str, word: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(is_name);
        let after = line[at + word.len()..].chars().next().is_some_and(is_name);
        !before && (!after || word.contains("::"))
    })
}

#[cfg(test)]
mod tests;
