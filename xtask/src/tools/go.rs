//! Programs that Go builds.

use std::process::Command;

use crate::commands::Failure;
use crate::{environment, steps};

use super::GO;

/// A program of a Go module, at the version that this project was tried with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GoTool {
    name: &'static str,
    /// `module@version`.
    package: &'static str,
}

/// Renders the Kubernetes manifests; the version that is in kubectl 1.34.
pub(crate) const KUSTOMIZE: GoTool = GoTool {
    name: "kustomize",
    package: "sigs.k8s.io/kustomize/kustomize/v5@v5.7.1",
};

impl GoTool {
    /// The folder of the program, in our own cache, built there at need: whatever is in `PATH` may be of a version
    /// that reads the manifests differently.
    pub(crate) fn folder(self) -> Result<std::path::PathBuf, Failure> {
        let (_, version) = self.package.rsplit_once('@').unwrap_or_default();
        let folder = environment::cache()?
            .join("tools")
            .join(format!("{}-{version}", self.name));
        if folder.join(self.name).is_file() {
            return Ok(folder);
        }
        let go = GO.get()?;
        println!(
            "{} {version} is not there; building it into {}",
            self.name,
            folder.display()
        );
        // Go writes the program when it is whole.
        steps::run(
            Command::new(go)
                .args(["install", "-trimpath", self.package])
                .env("GOBIN", &folder)
                .env("CGO_ENABLED", "0"),
        )?;
        Ok(folder)
    }
}
