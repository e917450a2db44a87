//! Sockets whose interface is gone: the kernel tells nobody, so their users are told here.
//!
//! When an interface is deleted, its sockets get no event and sending goes on succeeding, also after an
//! interface of the same name is back (a socket is bound to the interface's index). What tells is that
//! the kernel has no name for the device any more. Shutting such a socket down is what makes its user,
//! whichever library that is, see the end and connect anew.

use crate::error::errno;
use socket2::SockRef;
use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::{BorrowedFd, RawFd};

/// Flags of recv(2), as Linux numbers them on every machine.
const MSG_PEEK: i32 = 0x02;
const MSG_DONTWAIT: i32 = 0x40;

/// Shuts down every connection of this process whose interface is gone, and answers how many that
/// were; one that was shut down before is left alone. Listeners are left to
/// [`serve()`](crate::serve()), which opens them anew.
///
/// Reads `/proc/self/fd` and asks each descriptor once. Takes no privileges.
pub fn end_orphans() -> io::Result<usize> {
    let mut ended = 0;
    for entry in fs::read_dir("/proc/self/fd")? {
        let Some(descriptor) = entry?
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        if is_orphan(descriptor) && shut_down(descriptor) {
            ended += 1;
        }
    }
    Ok(ended)
}

/// Whether it is a connection whose device has no name any more. What is no socket answers ENOTSOCK.
fn is_orphan(descriptor: RawFd) -> bool {
    let socket = borrow(descriptor);
    let socket = SockRef::from(&socket);
    let gone = |error: io::Error| error.raw_os_error() == Some(errno::ENODEV);
    socket.device().is_err_and(gone)
        && socket.is_listener().is_ok_and(|listens| !listens)
        && !has_ended(&socket)
}

/// Whether reading it gives its end, without taking anything from it or waiting.
fn has_ended(socket: &SockRef<'_>) -> bool {
    let looked = socket.recv_with_flags(&mut [MaybeUninit::uninit()], MSG_PEEK | MSG_DONTWAIT);
    matches!(looked, Ok(0))
}

fn shut_down(descriptor: RawFd) -> bool {
    SockRef::from(&borrow(descriptor))
        .shutdown(Shutdown::Both)
        .is_ok()
}

/// A descriptor of this process by its number.
fn borrow(descriptor: RawFd) -> BorrowedFd<'static> {
    #[expect(
        unsafe_code,
        reason = "sockets of libraries are known by their numbers alone"
    )]
    // SAFETY: it is used for one system call and never closed. Where its owner closes it meanwhile, the
    // call fails with EBADF, or meets the socket that got the number since: its device is asked for in
    // the call before, so at worst a connection that has just been made is shut down and made again.
    unsafe {
        BorrowedFd::borrow_raw(descriptor)
    }
}
