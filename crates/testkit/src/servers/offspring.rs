//! Child processes that never outlive the test.
//!
//! The kernel kills them with `PR_SET_PDEATHSIG`, which is about the *thread* that made the child: a
//! test's thread ends long before its process does, so one thread makes them all and stays. It makes
//! each in the network namespace of the thread that asks.

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::process::{Child, Command};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};

/// Debian's and everybody's `nobody`: servers refuse to run as root.
pub(crate) const UNPRIVILEGED_UID: u32 = 65_534;

/// Where the calling thread's network is.
const NETWORK: &str = "/proc/thread-self/ns/net";

struct Order {
    command: Command,
    /// `None`: where this process began.
    network: Option<File>,
    reply: Sender<io::Result<Child>>,
}

/// Starts `command`, to be killed with this process.
pub(crate) fn spawn(command: Command) -> io::Result<Child> {
    static NURSERY: OnceLock<Sender<Order>> = OnceLock::new();
    let nursery = NURSERY.get_or_init(|| {
        let (orders, inbox) = channel::<Order>();
        std::thread::spawn(move || {
            for order in inbox {
                let child = spawn_in(order.network.as_ref(), order.command);
                // Whoever asked waits for the answer.
                _ = order.reply.send(child);
            }
        });
        orders
    });
    let (reply, child) = channel();
    let network = elsewhere()?;
    nursery
        .send(Order {
            command,
            network,
            reply,
        })
        .map_err(|_| io::Error::other("the thread that starts servers is gone"))?;
    child
        .recv()
        .map_err(|_| io::Error::other("the thread that starts servers is gone"))?
}

/// The calling thread's network, where it is not that of the process.
fn elsewhere() -> io::Result<Option<File>> {
    let (here, process) = (
        std::fs::metadata(NETWORK)?,
        std::fs::metadata("/proc/self/ns/net")?,
    );
    let moved = (here.dev(), here.ino()) != (process.dev(), process.ino());
    moved.then(|| File::open(NETWORK)).transpose()
}

fn spawn_in(network: Option<&File>, mut command: Command) -> io::Result<Child> {
    let Some(network) = network else {
        return command.spawn();
    };
    let home = File::open(NETWORK)?;
    let enter = |there: &File| {
        move_into_link_name_space(there.as_fd(), Some(LinkNameSpaceType::Network))
            .map_err(io::Error::from)
    };
    enter(network)?;
    let child = command.spawn();
    enter(&home)?;
    child
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
