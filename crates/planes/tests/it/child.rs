//! Running one test of this binary again in a process of its own, for what concerns a whole process.

use std::process::Command;

const CHILD_VARIABLE: &str = "PLANES_TEST_CHILD";

/// Whether this process is the one that [`run_alone`] started.
pub(crate) fn is_child() -> bool {
    std::env::var_os(CHILD_VARIABLE).is_some()
}

/// Runs the test `name` (`module::function`) alone and fails unless it ran and passed.
pub(crate) fn run_alone(name: &str) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(CHILD_VARIABLE, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    // A wrong name would run no test and succeed.
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}\n{errors}"
    );
}
