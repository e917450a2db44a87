//! The sockets among this process's own descriptors, whoever in it made them.
//!
//! A library's socket is known by its number alone, and its owner may close it at any time. So nothing
//! is done to a descriptor by what was learnt of it before: [`OwnSocket`] is asked again each time.

use socket2::SockRef;
use std::io;
use std::net::Shutdown;
use std::os::fd::{BorrowedFd, RawFd};

/// Where the kernel lists this process's descriptors.
const DESCRIPTORS: &str = "/proc/self/fd";
/// The bits of a file's mode that tell its kind, and their value for sockets (inode(7)).
const MODE_KIND: u32 = 0o170_000;
const MODE_SOCKET: u32 = 0o140_000;

/// Every socket of this process, of any family. Takes no privileges.
pub(crate) fn own_sockets() -> io::Result<Vec<OwnSocket>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(DESCRIPTORS)? {
        let name = entry?.file_name();
        let Some(descriptor) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if let Some(inode) = inode_of_socket(descriptor) {
            found.push(OwnSocket { descriptor, inode });
        }
    }
    Ok(found)
}

/// A socket of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OwnSocket {
    descriptor: RawFd,
    /// Its number in the kernel's accounts.
    pub(crate) inode: u64,
}

impl OwnSocket {
    /// Looks at it.
    pub(crate) fn look<T>(&self, work: impl FnOnce(&SockRef<'_>) -> T) -> T {
        work(&SockRef::from(&borrow(self.descriptor)))
    }

    /// Ends it in both directions, if the descriptor still is the same socket.
    ///
    /// For a socket that is connected to nobody the kernel answers ENOTCONN, but it lets nothing more be
    /// sent or received by it (`inet_shutdown` in `net/ipv4/af_inet.c`).
    pub(crate) fn end(&self) -> io::Result<()> {
        if inode_of_socket(self.descriptor) != Some(self.inode) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.look(|socket| socket.shutdown(Shutdown::Both))
    }
}

/// Nothing where it is closed or no socket.
fn inode_of_socket(descriptor: RawFd) -> Option<u64> {
    let status = rustix::fs::fstat(borrow(descriptor)).ok()?;
    (status.st_mode & MODE_KIND == MODE_SOCKET).then_some(status.st_ino)
}

/// A descriptor of this process by its number.
fn borrow(descriptor: RawFd) -> BorrowedFd<'static> {
    #[expect(
        unsafe_code,
        reason = "sockets of libraries are known by their numbers alone"
    )]
    // SAFETY: it is used for one system call and never closed. Where its owner closes it meanwhile, the
    // call fails with EBADF, or meets the socket that got the number since: its device or inode is asked
    // for in the call before, so at worst a connection that has just been made is shut down and made
    // again.
    unsafe {
        BorrowedFd::borrow_raw(descriptor)
    }
}
