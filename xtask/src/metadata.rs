//! What cargo knows of this workspace: its members, what they depend on, and where it builds.

use std::path::PathBuf;

use serde_json::Value;

use crate::commands::Failure;
use crate::{environment, steps};

/// How a crate uses another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Shipped: a normal or a build dependency.
    Shipped,
    /// In tests, examples and benchmarks alone.
    Dev,
}

/// One line of a `[dependencies]` table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) used: Use,
    /// Whether it is a crate of this workspace.
    pub(crate) ours: bool,
}

/// A crate of this workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// Its manifest, relative to the workspace's root.
    pub(crate) manifest: String,
    pub(crate) dependencies: Vec<Dependency>,
    /// Features that nobody has to ask for: its default ones, and those that it turns on in others.
    pub(crate) switched_on: Vec<String>,
}

/// The version before this one, as the workspace's manifest names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pinned {
    pub(crate) commit: String,
    pub(crate) why: String,
}

/// The workspace as cargo sees it.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) members: Vec<Member>,
    pub(crate) previous: Option<Pinned>,
}

impl Workspace {
    /// Asks cargo. Only the manifests are read, so it needs no network.
    pub(crate) fn load() -> Result<Self, Failure> {
        let mut cargo = environment::cargo();
        cargo.args(["metadata", "--format-version", "1", "--no-deps"]);
        let json = steps::output(&mut cargo)?;
        Self::parse(&json).ok_or_else(|| {
            Failure::Failed("`cargo metadata` has an unknown shape; is cargo newer than we?".into())
        })
    }

    fn parse(json: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(json).ok()?;
        let root = value["workspace_root"].as_str()?;
        let members = value["packages"]
            .as_array()?
            .iter()
            .map(|package| member(package, root))
            .collect::<Option<Vec<_>>>()?;
        Some(Self {
            root: root.into(),
            target: value["target_directory"].as_str()?.into(),
            members,
            previous: pinned(&value["metadata"]["previous"]),
        })
    }

    /// The binary that `cargo build --release` leaves.
    pub(crate) fn release_binary(&self, name: &str) -> PathBuf {
        self.target.join("release").join(name)
    }
}

fn pinned(value: &Value) -> Option<Pinned> {
    Some(Pinned {
        commit: value["commit"].as_str()?.to_owned(),
        why: value["why"].as_str()?.to_owned(),
    })
}

fn member(package: &Value, root: &str) -> Option<Member> {
    let manifest = package["manifest_path"].as_str()?;
    let dependencies = package["dependencies"]
        .as_array()?
        .iter()
        .map(|dependency| {
            Some(Dependency {
                name: dependency["name"].as_str()?.to_owned(),
                used: match dependency["kind"].as_str() {
                    Some("dev") => Use::Dev,
                    _ => Use::Shipped,
                },
                ours: dependency["path"].is_string(),
            })
        })
        .collect::<Option<Vec<_>>>()?;
    Some(Member {
        name: package["name"].as_str()?.to_owned(),
        manifest: manifest
            .strip_prefix(root)?
            .trim_start_matches('/')
            .to_owned(),
        dependencies,
        switched_on: switched_on(package),
    })
}

fn switched_on(package: &Value) -> Vec<String> {
    let names = |list: &Value| {
        let names = list.as_array().into_iter().flatten();
        let names = names.filter_map(|name| name.as_str().map(str::to_owned));
        names.collect::<Vec<_>>()
    };
    let mut all = names(&package["features"]["default"]);
    for dependency in package["dependencies"].as_array().into_iter().flatten() {
        all.extend(names(&dependency["features"]));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_paths_are_told_apart() {
        let json = r#"{
            "workspace_root": "/w", "target_directory": "/w/target",
            "metadata": {"previous": {"commit": "abc", "why": "released"}},
            "packages": [{
                "name": "a", "manifest_path": "/w/crates/a/Cargo.toml",
                "features": {"default": ["quick"], "slow": ["b/slow"]},
                "dependencies": [
                    {"name": "b", "kind": null, "path": "/w/crates/b"},
                    {"name": "serde", "kind": "build", "features": ["derive"]},
                    {"name": "testkit", "kind": "dev", "path": "/w/crates/testkit"}
                ]
            }]
        }"#;
        let workspace = Workspace::parse(json).unwrap();
        assert_eq!(workspace.previous.as_ref().unwrap().commit, "abc");
        let member = &workspace.members[0];
        assert_eq!(member.manifest, "crates/a/Cargo.toml");
        assert_eq!(member.switched_on, ["quick", "derive"]);
        let kinds: Vec<_> = member
            .dependencies
            .iter()
            .map(|d| (d.used, d.ours))
            .collect();
        assert_eq!(
            kinds,
            [
                (Use::Shipped, true),
                (Use::Shipped, false),
                (Use::Dev, true)
            ]
        );
        assert_eq!(
            workspace.release_binary("x"),
            PathBuf::from("/w/target/release/x")
        );
    }

    #[test]
    fn another_shape_is_refused() {
        assert!(Workspace::parse(r#"{"packages": []}"#).is_none());
    }
}
