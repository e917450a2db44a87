//! The kernel's list of sockets (`sock_diag(7)`), and how it writes one.

use super::socket::{Device, Owner, Protocol, SeenSocket, SocketState};
use crate::interfaces::Interfaces;
use crate::netlink::{Fields, Message, Questions};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// `SOCK_DIAG_BY_FAMILY`.
pub(super) const BY_FAMILY: u16 = 20;
/// `struct inet_diag_req_v2` and `struct inet_diag_msg`.
const REQUEST_BYTES: usize = 56;
const ANSWER_BYTES: usize = 72;
/// Every state, those included that kernels to come may add.
const ALL_STATES: u32 = u32::MAX;
/// The attribute `INET_DIAG_PROTOCOL`.
const PROTOCOL_ATTRIBUTE: u16 = 10;

const IPV4: u8 = 2;
const IPV6: u8 = 10;
const TCP: u8 = 6;
const UDP: u8 = 17;

/// Every TCP and UDP socket that has a port. `is_own` knows this process's sockets by their inodes.
pub(super) fn all_sockets(
    diag: &mut Questions,
    interfaces: &Interfaces,
    is_own: impl Fn(u64) -> bool,
) -> io::Result<Vec<SeenSocket>> {
    let mut names = Names::new(interfaces);
    let mut all = Vec::new();
    for protocol in [Protocol::Tcp, Protocol::Udp] {
        for family in [IPV4, IPV6] {
            let found = diag.dump(
                BY_FAMILY,
                &request(family, protocol),
                Vec::new,
                |found, message| {
                    let Some(mut socket) = socket_of(&message.body, protocol, &mut names) else {
                        return;
                    };
                    socket.owner = match socket.inode {
                        0 => Owner::Nobody,
                        inode if is_own(inode.into()) => Owner::Own,
                        _ => Owner::Foreign { uid: socket.uid },
                    };
                    found.push(socket);
                },
            )?;
            all.extend(found);
        }
    }
    Ok(all)
}

fn request(family: u8, protocol: Protocol) -> [u8; REQUEST_BYTES] {
    let mut body = [0; REQUEST_BYTES];
    body[0] = family;
    body[1] = match protocol {
        Protocol::Tcp => TCP,
        Protocol::Udp => UDP,
    };
    body[4..8].copy_from_slice(&ALL_STATES.to_ne_bytes());
    body
}

/// The protocol that news of a socket names.
pub(super) fn protocol_of(message: &Message<'_>) -> Option<Protocol> {
    let named =
        |(kind, value): (u16, Fields<'_>)| (kind == PROTOCOL_ATTRIBUTE).then(|| value.u8(0));
    match message.attributes(ANSWER_BYTES).find_map(named)?? {
        TCP => Some(Protocol::Tcp),
        UDP => Some(Protocol::Udp),
        _ => None,
    }
}

/// A socket as the kernel writes it, told as foreign; nothing where it has no port or is of no IP family.
pub(super) fn socket_of(
    body: &Fields<'_>,
    protocol: Protocol,
    names: &mut Names<'_>,
) -> Option<SeenSocket> {
    let ipv6 = match body.u8(0)? {
        IPV4 => false,
        IPV6 => true,
        _ => return None,
    };
    let (local, peer) = (address(body, 4, 8, ipv6)?, address(body, 6, 24, ipv6)?);
    let uid = body.u32(64)?;
    (local.port() != 0).then(|| SeenSocket {
        protocol,
        local,
        peer: (peer.port() != 0).then_some(peer),
        state: SocketState(body.u8(1).unwrap_or_default()),
        device: names.device(body.u32(40).unwrap_or_default()),
        inode: body.u32(68).unwrap_or_default(),
        uid,
        owner: Owner::Foreign { uid },
    })
}

fn address(body: &Fields<'_>, port: usize, ip: usize, ipv6: bool) -> Option<SocketAddr> {
    let ip = if ipv6 {
        IpAddr::from(body.bytes::<16>(ip)?).to_canonical()
    } else {
        IpAddr::from(body.bytes::<4>(ip)?)
    };
    Some(SocketAddr::new(ip, body.u16_of_network(port)?))
}

/// The names of interfaces, each made once.
pub(super) struct Names<'a> {
    interfaces: &'a Interfaces,
    made: HashMap<u32, Device>,
}

impl<'a> Names<'a> {
    pub(super) fn new(interfaces: &'a Interfaces) -> Names<'a> {
        let made = HashMap::new();
        Names { interfaces, made }
    }

    fn device(&mut self, index: u32) -> Option<Device> {
        if index == 0 {
            return None;
        }
        let interfaces = self.interfaces;
        let make = || Device {
            index,
            name: interfaces
                .by_index(index)
                .map(|link| Arc::from(link.name.as_str())),
        };
        Some(self.made.entry(index).or_insert_with(make).clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(family: u8, local: &[u8], peer: &[u8], device: u32) -> Vec<u8> {
        let mut body = vec![0; ANSWER_BYTES];
        body[0] = family;
        body[1] = 1;
        body[4..6].copy_from_slice(&8080_u16.to_be_bytes());
        body[6..8].copy_from_slice(&40_000_u16.to_be_bytes());
        body[8..8 + local.len()].copy_from_slice(local);
        body[24..24 + peer.len()].copy_from_slice(peer);
        body[40..44].copy_from_slice(&device.to_ne_bytes());
        body[64..68].copy_from_slice(&65_534_u32.to_ne_bytes());
        body[68..72].copy_from_slice(&77_u32.to_ne_bytes());
        body
    }

    fn read(body: &[u8]) -> Option<SeenSocket> {
        let interfaces = Interfaces::default();
        socket_of(&Fields(body), Protocol::Tcp, &mut Names::new(&interfaces))
    }

    #[test]
    fn a_connection_is_read_whole() {
        let socket = read(&answer(IPV4, &[10, 20, 0, 1], &[10, 20, 0, 2], 7)).unwrap();
        assert_eq!(socket.local.to_string(), "10.20.0.1:8080");
        assert_eq!(socket.peer.unwrap().to_string(), "10.20.0.2:40000");
        assert_eq!(socket.state, SocketState::ESTABLISHED);
        assert_eq!(socket.device.unwrap().index, 7);
        assert_eq!((socket.uid, socket.inode), (65_534, 77));
    }

    #[test]
    fn an_ipv4_address_of_an_ipv6_socket_is_an_ipv4_address() {
        let mut mapped = [0; 16];
        mapped[10..].copy_from_slice(&[0xff, 0xff, 10, 20, 0, 1]);
        let socket = read(&answer(IPV6, &mapped, &mapped, 0)).unwrap();
        assert_eq!(socket.local.to_string(), "10.20.0.1:8080");
        assert_eq!(socket.device, None);
    }

    #[test]
    fn what_is_cut_or_of_another_family_is_passed_over() {
        let whole = answer(IPV4, &[10, 20, 0, 1], &[0; 4], 0);
        for length in 0..68 {
            assert_eq!(read(&whole[..length]), None, "{length}");
        }
        assert_eq!(read(&answer(1, &[], &[], 0)), None);
        let mut without_port = whole;
        without_port[4..6].fill(0);
        assert_eq!(read(&without_port), None);
    }
}
