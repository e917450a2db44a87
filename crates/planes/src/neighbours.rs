//! The kernel's table of neighbours: whom on a link it has found, and whom it has asked for in vain. Asks
//! only, and takes no privileges.

use crate::error::NetlinkError;
use crate::interfaces::Interfaces;
use crate::netlink::{Message, Questions, Subject};
use std::net::IpAddr;

const NEW_NEIGHBOUR: u16 = 28;
const GET_NEIGHBOUR: u16 = 30;
/// `struct ndmsg`.
const HEAD_BYTES: usize = 12;
/// `NDA_DST`, `NDA_LLADDR`.
const ADDRESS: u16 = 1;
const HARDWARE: u16 = 2;
/// States: `NUD_FAILED`; `NUD_NOARP`, which is for addresses that have no neighbour (multicast and such).
const FAILED: u16 = 0x20;
const NO_ARP: u16 = 0x40;

/// Somebody on a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// By which interface.
    pub interface: String,
    /// Who.
    pub address: IpAddr,
    /// Asked for, and nobody has answered (`NUD_FAILED`).
    pub failed: bool,
    /// Whether its hardware address is known.
    pub found: bool,
}

/// All that the kernel remembers. It forgets whom nobody has asked for in a while.
pub fn neighbours() -> Result<Vec<Neighbour>, NetlinkError> {
    let asked = || {
        let mut questions = Questions::open(Subject::Interfaces)?;
        let interfaces = Interfaces::read(&mut questions)?;
        let take = |all: &mut Vec<Neighbour>, message: &Message<'_>| {
            all.extend(neighbour(message, &interfaces));
        };
        questions.dump(GET_NEIGHBOUR, &[0; HEAD_BYTES], Vec::new, take)
    };
    asked().map_err(NetlinkError::of("asking for the neighbours"))
}

fn neighbour(message: &Message<'_>, interfaces: &Interfaces) -> Option<Neighbour> {
    let state = message.body.u16(8)?;
    if message.kind != NEW_NEIGHBOUR || state & NO_ARP != 0 {
        return None;
    }
    let (mut address, mut found) = (None, false);
    for (kind, value) in message.attributes(HEAD_BYTES) {
        match kind {
            ADDRESS => {
                address = match value.0.len() {
                    4 => value.bytes::<4>(0).map(IpAddr::from),
                    16 => value.bytes::<16>(0).map(IpAddr::from),
                    _ => None,
                }
            }
            HARDWARE => found = true,
            _ => {}
        }
    }
    let link = interfaces.by_index(message.body.u32(4)?)?;
    Some(Neighbour {
        interface: link.name.clone(),
        address: address?,
        failed: state & FAILED != 0,
        found,
    })
}
