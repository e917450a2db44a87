//! Questions to the kernel about its sockets and interfaces, and what it tells of by itself (netlink(7)).
//!
//! Reads only, and takes no privileges. The kernel's messages are fixed structures and attributes in the
//! machine's own byte order; what is too short or unknown is passed over, so that nothing it sends can
//! stop a caller. No packet leaves by these sockets: they end in the kernel.

mod message;

pub(crate) use message::{Fields, Message, Messages};

use message::{DONE, ERROR, HEADER_BYTES};
use rustix::io::Errno;
use rustix::net::netlink::{SOCK_DIAG, SocketAddrNetlink};
use rustix::net::sockopt::{Timeout, set_socket_recv_buffer_size, set_socket_timeout};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::net::{bind, recvfrom, sendto, socket_with};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

/// What is read at a time: the most that the kernel puts into one answer of a dump.
const READ_BYTES: usize = 32 * 1024;
/// How long an answer may take. The kernel gives it in microseconds; this only ends a wait for ever.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
/// How often a dump is begun anew that a change came between.
const DUMP_ATTEMPTS: usize = 3;

/// `NLM_F_REQUEST`.
const REQUEST: u16 = 0x1;
/// `NLM_F_REQUEST | NLM_F_DUMP`.
const REQUEST_DUMP: u16 = 0x1 | 0x300;
/// `NLM_F_DUMP_INTR`: what was dumped changed meanwhile, so something may be missing.
const DUMP_INTERRUPTED: u16 = 0x10;

/// What the kernel is asked about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject {
    /// Interfaces and their addresses (`NETLINK_ROUTE`, which is number 0).
    Interfaces,
    /// Sockets (`NETLINK_SOCK_DIAG`).
    Sockets,
}

/// A socket for questions.
#[derive(Debug)]
pub(crate) struct Questions {
    socket: OwnedFd,
    buffer: Vec<u8>,
    sequence: u32,
}

impl Questions {
    pub(crate) fn open(of: Subject) -> io::Result<Questions> {
        let socket = open(of, SocketFlags::CLOEXEC, 0)?;
        set_socket_timeout(&socket, Timeout::Recv, Some(ANSWER_TIMEOUT))?;
        Ok(Questions {
            socket,
            buffer: vec![0; READ_BYTES],
            sequence: 0,
        })
    }

    /// Asks for a dump and hands each message of the answer to `take`. Where something changed while the
    /// kernel told it, all is asked again and `begin` called once more; a third time is taken as it is.
    pub(crate) fn dump<S>(
        &mut self,
        kind: u16,
        body: &[u8],
        begin: impl Fn() -> S,
        mut take: impl FnMut(&mut S, &Message<'_>),
    ) -> io::Result<S> {
        let mut attempt = 1;
        loop {
            let mut state = begin();
            let whole = self.dump_once(kind, body, |message| take(&mut state, message))?;
            if whole || attempt == DUMP_ATTEMPTS {
                return Ok(state);
            }
            attempt += 1;
        }
    }

    /// Asks for one thing, and answers what `take` makes of it; `None`: an empty answer.
    pub(crate) fn ask<T>(
        &mut self,
        kind: u16,
        body: &[u8],
        mut take: impl FnMut(&Message<'_>) -> T,
    ) -> io::Result<Option<T>> {
        self.send(kind, REQUEST, body)?;
        let length = receive(&self.socket, &mut self.buffer)?;
        let told = self.buffer.get(..length).unwrap_or_default();
        let answer = Messages::of(told).find(|message| message.sequence == self.sequence);
        match answer {
            Some(message) if message.kind == ERROR => message.error().map(|()| None),
            answer => Ok(answer.map(|message| take(&message))),
        }
    }

    fn send(&mut self, kind: u16, flags: u16, body: &[u8]) -> io::Result<()> {
        self.sequence = self.sequence.wrapping_add(1);
        let request = message::request(kind, flags, self.sequence, body);
        let kernel = SocketAddrNetlink::new(0, 0);
        sendto(&self.socket, &request, SendFlags::empty(), &kernel)?;
        Ok(())
    }

    /// Whether nothing changed meanwhile.
    fn dump_once(
        &mut self,
        kind: u16,
        body: &[u8],
        mut take: impl FnMut(&Message<'_>),
    ) -> io::Result<bool> {
        self.send(kind, REQUEST_DUMP, body)?;
        let mut whole = true;
        loop {
            let length = receive(&self.socket, &mut self.buffer)?;
            let told = self.buffer.get(..length).unwrap_or_default();
            for message in Messages::of(told) {
                // What is left of an answer that was given up.
                if message.sequence != self.sequence {
                    continue;
                }
                whole &= message.flags & DUMP_INTERRUPTED == 0;
                match message.kind {
                    // The end may tell a failure too, such as that of a kernel that lacks a module.
                    DONE | ERROR => return message.error().map(|()| whole),
                    _ => take(&message),
                }
            }
        }
    }
}

/// A socket that hears what the kernel tells everybody. Never blocks.
#[derive(Debug)]
pub(crate) struct News {
    socket: OwnedFd,
    buffer: Vec<u8>,
}

impl News {
    /// Hears the groups whose bits are set (group 1 is bit 0). The kernel keeps at most about
    /// `queue_bytes` that were not yet read, less where `net.core.rmem_max` is less.
    pub(crate) fn open(of: Subject, groups: u32, queue_bytes: usize) -> io::Result<News> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = open(of, flags, groups)?;
        set_socket_recv_buffer_size(&socket, queue_bytes)?;
        Ok(News {
            socket,
            buffer: vec![0; READ_BYTES],
        })
    }

    /// What has been told and not been read, as far as one reading goes.
    pub(crate) fn read(&mut self) -> io::Result<Heard<'_>> {
        match receive(&self.socket, &mut self.buffer) {
            Ok(length) => {
                let told = self.buffer.get(..length).unwrap_or_default();
                Ok(Heard::Some(Messages::of(told)))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Heard::Nothing),
            Err(error) if error.raw_os_error() == Some(Errno::NOBUFS.raw_os_error()) => {
                Ok(Heard::Missed)
            }
            Err(error) => Err(error),
        }
    }
}

/// For waiting in a runtime until there is something to read.
impl AsRawFd for News {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl AsFd for News {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// What one reading gave.
pub(crate) enum Heard<'a> {
    Some(Messages<'a>),
    /// There is nothing now.
    Nothing,
    /// The queue was full (ENOBUFS): some was lost, nobody knows what.
    Missed,
}

fn open(of: Subject, flags: SocketFlags, groups: u32) -> io::Result<OwnedFd> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one crate that makes sockets; this one ends in the kernel"
    )]
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::RAW,
        flags,
        match of {
            Subject::Interfaces => None,
            Subject::Sockets => Some(SOCK_DIAG),
        },
    )?;
    bind(&socket, &SocketAddrNetlink::new(0, groups))?;
    Ok(socket)
}

/// The bytes of one reading that the kernel sent: other processes can be as little believed as anybody.
fn receive(socket: &OwnedFd, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        let flags = RecvFlags::empty();
        match recvfrom(socket, &mut *buffer, flags) {
            Ok((_, length, Some(sender))) => {
                let sender = SocketAddrNetlink::try_from(sender)?;
                if sender.pid() == 0 && length >= HEADER_BYTES {
                    return Ok(length);
                }
            }
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
