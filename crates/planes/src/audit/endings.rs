//! Sockets that the kernel tells of as they end: those that no look would have seen.

use super::diag::{BY_FAMILY, Names, protocol_of, socket_of};
use super::socket::{Owner, SeenSocket, Violation};
use crate::interfaces::Interfaces;
use crate::netlink::{Heard, News, Subject};
use std::io;

/// `SKNLGRP_INET_TCP_DESTROY`, `INET_UDP_DESTROY`, `INET6_TCP_DESTROY`, `INET6_UDP_DESTROY`: groups 1 to 4.
const GROUPS: u32 = 0b1111;
/// What the kernel may keep for us, in bytes; about a kilobyte an ending. Unprivileged, it gives at most
/// `net.core.rmem_max`.
const QUEUE_BYTES: usize = 1024 * 1024;
/// Violations that are kept between two audits.
const MAX_KEPT: usize = 1_024;
/// Readings at a time, so that sockets that end as fast as they are read do not hold the reader.
const MAX_READINGS: usize = 4_096;

/// Hears endings and keeps those that were a violation.
#[derive(Debug)]
pub(super) struct Endings {
    news: News,
    kept: Vec<Violation>,
    missed: u64,
}

impl Endings {
    pub(super) fn open() -> io::Result<Endings> {
        Ok(Endings {
            news: News::open(Subject::Sockets, GROUPS, QUEUE_BYTES)?,
            kept: Vec::new(),
            missed: 0,
        })
    }

    /// Reads what there is, and keeps what `judge` finds a violation.
    pub(super) fn hear(
        &mut self,
        interfaces: &Interfaces,
        mut judge: impl FnMut(&SeenSocket) -> Option<Violation>,
    ) -> io::Result<()> {
        let mut names = Names::new(interfaces);
        for _ in 0..MAX_READINGS {
            let messages = match self.news.read()? {
                Heard::Some(messages) => messages,
                Heard::Nothing => break,
                Heard::Missed => {
                    self.missed = self.missed.saturating_add(1);
                    continue;
                }
            };
            for message in messages.filter(|message| message.kind == BY_FAMILY) {
                let Some(mut socket) = protocol_of(&message)
                    .and_then(|protocol| socket_of(&message.body, protocol, &mut names))
                else {
                    continue;
                };
                // The kernel fills in neither user nor inode (`inet_diag_handler_get_info`).
                socket.owner = Owner::Nobody;
                let Some(mut violation) = judge(&socket) else {
                    continue;
                };
                violation.new = true;
                violation.short_lived = true;
                if self.kept.len() < MAX_KEPT {
                    self.kept.push(violation);
                } else {
                    self.missed = self.missed.saturating_add(1);
                }
            }
        }
        Ok(())
    }

    pub(super) fn take(&mut self) -> Vec<Violation> {
        std::mem::take(&mut self.kept)
    }

    pub(super) fn missed(&self) -> u64 {
        self.missed
    }
}
