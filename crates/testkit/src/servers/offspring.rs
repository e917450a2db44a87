//! Child processes that never outlive the test.
//!
//! The kernel kills them with `PR_SET_PDEATHSIG`, which is about the *thread* that made the child: a
//! test's thread ends long before its process does, so one thread makes them all and stays.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};

/// Debian's and everybody's `nobody`: servers refuse to run as root.
pub(crate) const UNPRIVILEGED_UID: u32 = 65_534;

type Order = (Command, Sender<io::Result<Child>>);

/// Starts `command`, to be killed with this process.
pub(crate) fn spawn(command: Command) -> io::Result<Child> {
    static NURSERY: OnceLock<Sender<Order>> = OnceLock::new();
    let nursery = NURSERY.get_or_init(|| {
        let (orders, inbox) = channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, reply) in inbox {
                // Whoever asked waits for the answer.
                _ = reply.send(command.spawn());
            }
        });
        orders
    });
    let (reply, child) = channel();
    nursery
        .send((command, reply))
        .map_err(|_| io::Error::other("the thread that starts servers is gone"))?;
    child
        .recv()
        .map_err(|_| io::Error::other("the thread that starts servers is gone"))?
}

/// `program` as a user that is not root, killed with the thread that starts it.
pub(crate) fn unprivileged(program: &std::path::Path) -> Command {
    let mut command = Command::new("setpriv");
    if is_root() {
        command
            .arg(format!("--reuid={UNPRIVILEGED_UID}"))
            .arg(format!("--regid={UNPRIVILEGED_UID}"))
            .arg("--clear-groups");
    }
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// Whether this process may do everything.
pub(crate) fn is_root() -> bool {
    uid() == 0
}

/// Who this process is.
pub(crate) fn uid() -> u32 {
    std::fs::metadata("/proc/self").map_or(UNPRIVILEGED_UID, |process| process.uid())
}
