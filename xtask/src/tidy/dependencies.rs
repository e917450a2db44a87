//! Who depends on whom, held against the table in `walls`.

use super::Violation;
use super::walls::{Outside, Wall};
use crate::metadata::{Dependency, Member, Use};

/// Where the table stands, for messages.
const TABLE: &str = "xtask/src/tidy/walls.rs";
/// Builders, fakes, played worlds: never shipped, so nothing that is shipped may use them.
const FOR_TESTS: &[&str] = &["lab", "simulation", "testkit"];
/// What marks a crate as an adapter.
const ADAPTER: &str = "adapter-";
/// Features of builds that never ship: mistakes on purpose, and nothing counted. Whoever wants one asks for
/// it on the command line.
const NEVER_SHIPPED: [&str; 2] = ["mutants", "no-metrics"];

/// Every dependency that the table does not allow, and every hole in the table itself.
pub(crate) fn check(walls: &[Wall], members: &[Member]) -> Vec<Violation> {
    let mut found = Vec::new();
    for member in members {
        let last = |name: &'_ String| name.rsplit('/').next().map(str::to_owned);
        let on: Vec<String> = member.switched_on.iter().filter_map(last).collect();
        let never = NEVER_SHIPPED.into_iter();
        for feature in never.filter(|name| on.iter().any(|on| on == name)) {
            found.push(Violation::new(
                &member.manifest,
                1,
                format!("{} turns the feature {feature} on by itself", member.name),
                format!("it never ships: ask for it by `--features {feature}`"),
            ));
        }
        let Some(wall) = walls.iter().find(|wall| wall.name == member.name) else {
            found.push(Violation::new(
                &member.manifest,
                1,
                format!("crate {} has no row in the table of walls", member.name),
                format!("say in {TABLE} what it may use"),
            ));
            continue;
        };
        for dependency in member
            .dependencies
            .iter()
            .filter(|d| d.used == Use::Shipped)
        {
            if let Some((what, fix)) = refusal(wall, dependency) {
                found.push(Violation::new(&member.manifest, 1, what, fix));
            }
        }
    }
    for wall in walls
        .iter()
        .filter(|wall| members.iter().all(|m| m.name != wall.name))
    {
        found.push(Violation::new(
            TABLE,
            1,
            format!(
                "the table names {}, which is no crate of the workspace",
                wall.name
            ),
            "remove its row",
        ));
    }
    found
}

/// Why `wall` refuses `dependency`, and what to do; `None` when it is allowed.
fn refusal(wall: &Wall, dependency: &Dependency) -> Option<(String, String)> {
    let (from, to) = (wall.name, dependency.name.as_str());
    let what = format!("{from} depends on {to}");
    if dependency.ours {
        if FOR_TESTS.contains(&to) && !FOR_TESTS.contains(&from) {
            return Some((
                what,
                format!("{to} is for tests: move it to [dev-dependencies]"),
            ));
        }
        // Whatever the table says: a row cannot make two adapters know each other.
        if from.starts_with(ADAPTER) && to.starts_with(ADAPTER) {
            let fix = "adapters never know each other: go through a port of order-core";
            return Some((what, fix.to_owned()));
        }
        return (!wall.ours.contains(&to)).then(|| {
            (
                what,
                format!(
                    "allowed are {}; invert it by a port of order-core",
                    listed(wall.ours)
                ),
            )
        });
    }
    match wall.outside {
        Outside::Only(allowed) if !allowed.contains(&to) => Some((
            what,
            format!(
                "its list is closed ({}): do it behind a port",
                listed(allowed)
            ),
        )),
        Outside::Not(refused) if refused.contains(&to) => Some((
            what,
            "it belongs to another crate: do it there, behind a port".to_owned(),
        )),
        _ => None,
    }
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::super::walls::WALLS;
    use super::*;

    fn member(name: &str, dependencies: &[(&str, Use, bool)]) -> Member {
        Member {
            name: name.to_owned(),
            manifest: format!("crates/{name}/Cargo.toml"),
            dependencies: dependencies
                .iter()
                .map(|(name, used, ours)| Dependency {
                    name: (*name).to_owned(),
                    used: *used,
                    ours: *ours,
                })
                .collect(),
            switched_on: Vec::new(),
        }
    }

    #[test]
    fn mistakes_on_purpose_are_never_built_unasked() {
        for feature in ["mutants", "planes/mutants"] {
            let mut planes = member("planes", &[]);
            planes.switched_on = vec![feature.to_owned()];
            let found = check(WALLS, &[planes]);
            let named = |violation: &Violation| violation.what.contains("the feature");
            assert!(found.iter().any(named), "{found:?}");
        }
    }

    /// The violations of one crate, the table's other rows left aside.
    fn of_one(name: &str, dependencies: &[(&str, Use, bool)]) -> Vec<String> {
        let walls: Vec<Wall> = WALLS
            .iter()
            .filter(|wall| wall.name == name)
            .copied()
            .collect();
        let found = check(&walls, &[member(name, dependencies)]);
        found.iter().map(ToString::to_string).collect()
    }

    #[track_caller]
    fn assert_refused(name: &str, dependency: (&str, Use, bool), part: &str) {
        let found = of_one(name, &[dependency]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(part), "{found:?}");
    }

    #[test]
    fn what_the_table_allows_passes() {
        let used = [
            ("order-core", Use::Shipped, true),
            ("planes", Use::Shipped, true),
            ("axum", Use::Shipped, false),
            ("testkit", Use::Dev, true),
            ("sqlx", Use::Dev, false),
        ];
        assert_eq!(of_one("adapter-http", &used), Vec::<String>::new());
    }

    #[test]
    fn what_is_for_tests_is_used_by_tests_alone() {
        for name in FOR_TESTS {
            assert_refused("order-service", (name, Use::Shipped, true), "is for tests");
        }
        let used = [("testkit", Use::Shipped, true)];
        assert_eq!(of_one("simulation", &used), Vec::<String>::new());
    }

    #[test]
    fn the_domain_takes_no_io_crate() {
        for name in [
            "tokio", "serde", "tracing", "sqlx", "axum", "tonic", "redis", "rdkafka", "hyper",
        ] {
            assert_refused(
                "order-core",
                (name, Use::Shipped, false),
                "its list is closed",
            );
        }
        assert_refused(
            "order-core",
            ("planes", Use::Shipped, true),
            "allowed are none",
        );
    }

    #[test]
    fn an_adapter_never_knows_another_adapter() {
        assert_refused(
            "adapter-http",
            ("adapter-sqlite", Use::Shipped, true),
            "never know each other",
        );
        let wide = Wall {
            name: "adapter-x",
            ours: &["adapter-y"],
            outside: Outside::Not(&[]),
        };
        let adapter = member("adapter-x", &[("adapter-y", Use::Shipped, true)]);
        assert_eq!(
            check(&[wide], &[adapter]).len(),
            1,
            "a row must not open this wall"
        );
    }

    #[test]
    fn testkit_is_never_shipped() {
        for wall in WALLS.iter().filter(|wall| !FOR_TESTS.contains(&wall.name)) {
            assert_refused(
                wall.name,
                ("testkit", Use::Shipped, true),
                "[dev-dependencies]",
            );
        }
    }

    #[test]
    fn planes_and_group_commit_know_nothing_of_ours() {
        assert_refused(
            "planes",
            ("order-core", Use::Shipped, true),
            "allowed are none",
        );
        assert_refused(
            "group-commit",
            ("order-core", Use::Shipped, true),
            "allowed are none",
        );
    }

    #[test]
    fn an_edge_touches_no_store_and_a_store_no_edge() {
        assert_refused(
            "adapter-http",
            ("sqlx", Use::Shipped, false),
            "behind a port",
        );
        assert_refused(
            "adapter-sqlite",
            ("axum", Use::Shipped, false),
            "behind a port",
        );
        assert_refused(
            "order-service",
            ("sqlx", Use::Shipped, false),
            "behind a port",
        );
    }

    #[test]
    fn a_crate_without_a_row_and_a_row_without_a_crate_are_refused() {
        let found = check(&[], &[member("adapter-carrier-pigeon", &[])]);
        assert!(found[0].what.contains("has no row"), "{found:?}");
        let stale = Wall {
            name: "gone",
            ours: &[],
            outside: Outside::Not(&[]),
        };
        let found = check(&[stale], &[]);
        assert!(
            found[0].what.contains("no crate of the workspace"),
            "{found:?}"
        );
    }
}
