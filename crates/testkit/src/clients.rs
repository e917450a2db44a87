//! Public clients, as strangers use them. One that cannot be had fails its test with a line that says
//! what to install; nothing is ever skipped.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// The client from the Go module proxy, at the version that this project was tried with.
const GRPCURL: &str = "github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3";
/// Where it is kept, below the cache folder.
const GRPCURL_FOLDER: &str = "order-service/grpcurl-1.9.3";

/// Where `grpcurl` is: on the path, else built once into the project's cache. Blocks while it is built.
pub fn grpcurl() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| on_the_path("grpcurl").unwrap_or_else(cached))
}

fn on_the_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

fn cached() -> PathBuf {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let base =
        absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
    let folder = base
        .expect("set HOME or XDG_CACHE_HOME")
        .join(GRPCURL_FOLDER);
    let program = folder.join("grpcurl");
    if !program.is_file() {
        // Into a folder of this process, then in one step to its place: runs side by side do not meet.
        let own = folder.join(std::process::id().to_string());
        std::fs::create_dir_all(&own).expect("the cache is writable");
        let built = Command::new("go")
            .args(["install", GRPCURL])
            .env("GOBIN", &own)
            .env("CGO_ENABLED", "0")
            .output()
            .expect("grpcurl is not installed, nor is Go to build it: install one of them");
        assert!(
            built.status.success(),
            "go install {GRPCURL}: {}",
            String::from_utf8_lossy(&built.stderr)
        );
        std::fs::rename(own.join("grpcurl"), &program).expect("the program gets its name");
        _ = std::fs::remove_dir(&own);
    }
    program
}
