//! Where packets go, as the kernel tells of it: the main table, the rules that choose one by the source, and
//! what it would do with a packet to an address. Asks only, and takes no privileges.

use crate::error::NetlinkError;
use crate::interfaces::Interfaces;
use crate::netlink::{Fields, Message, Questions, Subject};
use std::io;
use std::net::IpAddr;

const NEW_ROUTE: u16 = 24;
const GET_ROUTE: u16 = 26;
const NEW_RULE: u16 = 32;
const GET_RULE: u16 = 34;

/// `struct rtmsg` and `struct fib_rule_hdr`, which begin alike.
const HEAD_BYTES: usize = 12;
/// `RT_TABLE_MAIN`.
const MAIN_TABLE: u32 = 254;
/// `RTN_UNICAST`.
const UNICAST: u8 = 1;
/// Attributes of a route: `RTA_DST`, `RTA_OIF`, `RTA_GATEWAY`, `RTA_TABLE`.
const DESTINATION: u16 = 1;
const BY_INTERFACE: u16 = 4;
const GATEWAY: u16 = 5;
const TABLE: u16 = 15;
/// `FRA_SRC`.
const RULE_SOURCE: u16 = 2;
/// `RTM_F_FIB_MATCH`: the route that matches, not one that the kernel would make up for a bound socket.
const FIB_MATCH: u32 = 0x2000;
/// Numbers of address families.
const INET: u8 = 2;
const INET6: u8 = 10;

/// A route of the main table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Where to, and how many bits of it count; `None`: everywhere (a default route).
    pub destination: Option<(IpAddr, u8)>,
    /// By which router.
    pub gateway: Option<IpAddr>,
    /// By which interface; empty: it has several, or is gone.
    pub interface: String,
}

/// Asks about routes in the network namespace in which it was made.
#[derive(Debug)]
pub struct RouteQuestions {
    questions: Questions,
    interfaces: Interfaces,
}

impl RouteQuestions {
    /// Fails where the kernel or a seccomp profile refuses netlink sockets.
    pub fn open() -> Result<RouteQuestions, NetlinkError> {
        let opened = || {
            let mut questions = Questions::open(Subject::Interfaces)?;
            let interfaces = Interfaces::read(&mut questions)?;
            Ok(RouteQuestions {
                questions,
                interfaces,
            })
        };
        opened().map_err(NetlinkError::of("asking for the interfaces"))
    }

    /// The main table's unicast routes of both families.
    pub fn main_table(&mut self) -> Result<Vec<Route>, NetlinkError> {
        let mut all = Vec::new();
        for family in [INET, INET6] {
            let interfaces = &self.interfaces;
            let take = |routes: &mut Vec<Route>, message: &Message<'_>| {
                routes.extend(route_of(message, interfaces));
            };
            let routes = self
                .questions
                .dump(GET_ROUTE, &head(family, 0, 0), Vec::new, take)
                .map_err(NetlinkError::of("asking for the routes"))?;
            all.extend(routes);
        }
        Ok(all)
    }

    /// Whether a rule chooses a table by the source address, as the sbr plugin lays them.
    pub fn chooses_by_source(&mut self) -> Result<bool, NetlinkError> {
        let take = |found: &mut bool, message: &Message<'_>| {
            let by_source = || {
                message
                    .attributes(HEAD_BYTES)
                    .any(|(kind, _)| kind == RULE_SOURCE)
            };
            *found |= message.kind == NEW_RULE && by_source();
        };
        self.questions
            .dump(GET_RULE, &head(INET, 0, 0), || false, take)
            .map_err(NetlinkError::of("asking for the rules"))
    }

    /// The interface by which an unbound socket's packets to `address` would leave; `None`: none would.
    pub fn unbound(&mut self, address: IpAddr) -> Result<Option<String>, NetlinkError> {
        let index = self.lookup(address, None)?;
        let link = index.and_then(|index| self.interfaces.by_index(index));
        Ok(link.map(|link| link.name.clone()))
    }

    /// Whether a route that somebody laid leads to `address` by this interface. Without one the kernel takes
    /// every address to be on the link of a bound socket, and its packets find nobody (RTE003).
    pub fn leads_by(&mut self, address: IpAddr, interface: &str) -> Result<bool, NetlinkError> {
        let Some(index) = self.interfaces.index_of(interface) else {
            return Ok(false);
        };
        Ok(self.lookup(address, Some(index))? == Some(index))
    }

    fn lookup(&mut self, address: IpAddr, by: Option<u32>) -> Result<Option<u32>, NetlinkError> {
        let mut body = match address {
            IpAddr::V4(_) => head(INET, 32, FIB_MATCH),
            IpAddr::V6(_) => head(INET6, 128, FIB_MATCH),
        };
        match address {
            IpAddr::V4(address) => attribute(&mut body, DESTINATION, &address.octets()),
            IpAddr::V6(address) => attribute(&mut body, DESTINATION, &address.octets()),
        }
        if let Some(index) = by {
            attribute(&mut body, BY_INTERFACE, &index.to_ne_bytes());
        }
        let answer = self.questions.ask(GET_ROUTE, &body, |message| {
            let unicast = message.kind == NEW_ROUTE && message.body.u8(7) == Some(UNICAST);
            let mut attributes = message.attributes(HEAD_BYTES);
            let index = attributes.find(|(kind, _)| *kind == BY_INTERFACE);
            index
                .filter(|_| unicast)
                .and_then(|(_, value)| value.u32(0))
        });
        match answer {
            Ok(index) => Ok(index.flatten()),
            // ENETUNREACH and EHOSTUNREACH are its ways to say that there is none.
            Err(error) if is_unreachable(&error) => Ok(None),
            Err(error) => Err(NetlinkError::of("asking for a route")(error)),
        }
    }
}

fn is_unreachable(error: &io::Error) -> bool {
    use io::ErrorKind::{HostUnreachable, NetworkUnreachable};
    matches!(error.kind(), NetworkUnreachable | HostUnreachable)
}

fn head(family: u8, destination_bits: u8, flags: u32) -> Vec<u8> {
    let mut head = vec![0; HEAD_BYTES - size_of::<u32>()];
    head[..2].copy_from_slice(&[family, destination_bits]);
    head.extend(flags.to_ne_bytes());
    head
}

/// Each is a multiple of 4 bytes here, so that none has to be filled up.
fn attribute(body: &mut Vec<u8>, kind: u16, value: &[u8]) {
    const HEAD: u16 = 4;
    let length = u16::try_from(value.len()).unwrap_or_default() + HEAD;
    body.extend(length.to_ne_bytes());
    body.extend(kind.to_ne_bytes());
    body.extend(value);
}

fn route_of(message: &Message<'_>, interfaces: &Interfaces) -> Option<Route> {
    let body = message.body;
    if message.kind != NEW_ROUTE || body.u8(7)? != UNICAST {
        return None;
    }
    let (mut table, bits) = (u32::from(body.u8(4)?), body.u8(1)?);
    let mut route = Route {
        destination: None,
        gateway: None,
        interface: String::new(),
    };
    for (kind, value) in message.attributes(HEAD_BYTES) {
        match kind {
            DESTINATION => route.destination = address(value).map(|address| (address, bits)),
            GATEWAY => route.gateway = address(value),
            TABLE => table = value.u32(0)?,
            BY_INTERFACE => {
                let link = value.u32(0).and_then(|index| interfaces.by_index(index));
                route.interface = link.map(|link| link.name.clone()).unwrap_or_default();
            }
            _ => {}
        }
    }
    (table == MAIN_TABLE).then_some(route)
}

fn address(value: Fields<'_>) -> Option<IpAddr> {
    match value.0.len() {
        4 => value.bytes::<4>(0).map(IpAddr::from),
        16 => value.bytes::<16>(0).map(IpAddr::from),
        _ => None,
    }
}
