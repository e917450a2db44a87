//! Sockets whose interface is gone: the kernel tells nobody, so their users are told here.
//!
//! When an interface is deleted, its sockets get no event and sending goes on succeeding, also after an
//! interface of the same name is back (a socket is bound to the interface's index). What tells is that
//! the kernel has no name for the device any more. Shutting such a socket down is what makes its user,
//! whichever library that is, see the end and connect anew.

use crate::descriptors::own_sockets;
use crate::error::errno;
use crate::mutant::{self, Mutant};
use socket2::SockRef;
use std::io;
use std::mem::MaybeUninit;

/// Flags of recv(2), as Linux numbers them on every machine.
const MSG_PEEK: i32 = 0x02;
const MSG_DONTWAIT: i32 = 0x40;

/// Shuts down every connection of this process whose interface is gone, and answers how many that
/// were; one that was shut down before is left alone. Listeners are left to
/// [`serve()`](crate::serve()), which opens them anew.
///
/// Reads `/proc/self/fd` and asks each descriptor. Takes no privileges.
pub fn end_orphans() -> io::Result<usize> {
    if mutant::is(Mutant::StaleIndex) {
        return Ok(0);
    }
    let sockets = own_sockets()?;
    let ended = sockets
        .iter()
        .filter(|socket| socket.look(is_orphan) && socket.end().is_ok());
    Ok(ended.count())
}

/// Whether it is a connection whose device has no name any more.
fn is_orphan(socket: &SockRef<'_>) -> bool {
    let gone = |error: io::Error| error.raw_os_error() == Some(errno::ENODEV);
    socket.device().is_err_and(gone)
        && socket.is_listener().is_ok_and(|listens| !listens)
        && !has_ended(socket)
}

/// Whether reading it gives its end, without taking anything from it or waiting.
fn has_ended(socket: &SockRef<'_>) -> bool {
    let looked = socket.recv_with_flags(&mut [MaybeUninit::uninit()], MSG_PEEK | MSG_DONTWAIT);
    matches!(looked, Ok(0))
}
