//! librdkafka's resolve callback: names of brokers are asked of the name servers by our own resolver,
//! since `getaddrinfo` opens sockets that no plane holds.
//!
//! The list that is handed out is ours from end to end: each entry is one allocation, and librdkafka gives
//! the list back by the same callback, as soon as it has copied it.

use crate::network::OnPlane;
use libc::{addrinfo, sockaddr, sockaddr_in, sockaddr_in6, socklen_t};
use rdkafka::types::RDKafkaConf;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::net::{IpAddr, SocketAddr};
use std::ptr;

/// The callback's type, as `getaddrinfo` has it and the opaque pointer behind.
type ResolveCallback = unsafe extern "C" fn(
    node: *const c_char,
    service: *const c_char,
    hints: *const addrinfo,
    found: *mut *mut addrinfo,
    opaque: *mut c_void,
) -> c_int;

#[expect(
    unsafe_code,
    reason = "rdkafka-sys does not bind this function of the librdkafka that it builds (since 2.0.0)"
)]
unsafe extern "C" {
    /// Sets the callback (rdkafka.h). Must be called before the client knows a broker.
    pub(crate) fn rd_kafka_conf_set_resolve_cb(
        conf: *mut RDKafkaConf,
        resolve: Option<ResolveCallback>,
    );
}

/// Finds the addresses of a broker by the context's resolver, or frees a list that was found before: then
/// `node`, `service` and `hints` are null.
#[expect(unsafe_code, reason = "called by librdkafka with pointers")]
pub(crate) unsafe extern "C" fn resolve<C: OnPlane>(
    node: *const c_char,
    service: *const c_char,
    hints: *const addrinfo,
    found: *mut *mut addrinfo,
    opaque: *mut c_void,
) -> c_int {
    if node.is_null() && service.is_null() {
        // SAFETY: rdkafka.h: `found` points to a list that this callback made, which nobody uses any more.
        unsafe { free(*found) };
        return 0;
    }
    if node.is_null() || service.is_null() {
        return libc::EAI_NONAME;
    }
    // SAFETY: both are C strings that live as long as the call, `hints` is null or points to one structure,
    // and rdkafka sets `opaque` to its context, which outlives every broker thread.
    let (node, service, family, context) = unsafe {
        let family = hints
            .as_ref()
            .map_or(libc::AF_UNSPEC, |hints| hints.ai_family);
        let (node, service) = (CStr::from_ptr(node), CStr::from_ptr(service));
        (node, service, family, &*opaque.cast::<C>())
    };
    let (Ok(node), Some(port)) = (node.to_str(), port(service)) else {
        return libc::EAI_NONAME;
    };
    let Ok(mut addresses) = context.network().addresses(node) else {
        // Its words are in the context, which tells them in place of librdkafka's.
        return libc::EAI_AGAIN;
    };
    addresses.retain(|address| is_of(family, *address));
    if addresses.is_empty() {
        return libc::EAI_NONAME;
    }
    // SAFETY: rdkafka.h: `found` is where the list is to go.
    unsafe { *found = list(&addresses, port) };
    0
}

fn port(service: &CStr) -> Option<u16> {
    service.to_str().ok()?.parse().ok()
}

fn is_of(family: c_int, address: IpAddr) -> bool {
    match family {
        libc::AF_INET => address.is_ipv4(),
        libc::AF_INET6 => address.is_ipv6(),
        _ => true,
    }
}

/// One address as C reads it. `info` is first, so a pointer to it is one to the whole.
#[repr(C)]
struct Entry {
    info: addrinfo,
    address: Address,
}

enum Address {
    V4(sockaddr_in),
    V6(sockaddr_in6),
}

impl Address {
    fn of(address: SocketAddr) -> Address {
        let port = address.port().to_be();
        match address.ip() {
            IpAddr::V4(ip) => Address::V4(sockaddr_in {
                sin_family: family_number(libc::AF_INET),
                sin_port: port,
                sin_addr: libc::in_addr {
                    s_addr: u32::from_ne_bytes(ip.octets()),
                },
                sin_zero: [0; 8],
            }),
            IpAddr::V6(ip) => Address::V6(sockaddr_in6 {
                sin6_family: family_number(libc::AF_INET6),
                sin6_port: port,
                sin6_flowinfo: 0,
                sin6_addr: libc::in6_addr {
                    s6_addr: ip.octets(),
                },
                // A scope would override the plane's device.
                sin6_scope_id: 0,
            }),
        }
    }

    fn family(&self) -> c_int {
        match self {
            Address::V4(_) => libc::AF_INET,
            Address::V6(_) => libc::AF_INET6,
        }
    }

    fn pointer(&mut self) -> (*mut sockaddr, usize) {
        match self {
            Address::V4(address) => (ptr::from_mut(address).cast(), size_of::<sockaddr_in>()),
            Address::V6(address) => (ptr::from_mut(address).cast(), size_of::<sockaddr_in6>()),
        }
    }
}

/// As an address holds it, which is shorter; families are numbers below 50.
fn family_number(family: c_int) -> libc::sa_family_t {
    libc::sa_family_t::try_from(family).unwrap_or_default()
}

/// A list of these addresses, the first first, for [`free`].
fn list(addresses: &[IpAddr], port: u16) -> *mut addrinfo {
    let mut next = ptr::null_mut();
    for address in addresses.iter().rev() {
        let address = Address::of(SocketAddr::new(*address, port));
        let entry = Box::leak(Box::new(Entry {
            info: addrinfo {
                ai_flags: 0,
                ai_family: address.family(),
                ai_socktype: libc::SOCK_STREAM,
                ai_protocol: libc::IPPROTO_TCP,
                ai_addrlen: 0,
                ai_addr: ptr::null_mut(),
                ai_canonname: ptr::null_mut(),
                ai_next: next,
            },
            address,
        }));
        let (pointer, bytes) = entry.address.pointer();
        entry.info.ai_addr = pointer;
        // 16 or 28.
        entry.info.ai_addrlen = socklen_t::try_from(bytes).unwrap_or_default();
        next = ptr::from_mut(entry).cast();
    }
    next
}

/// Frees a list.
///
/// # Safety
///
/// It is null or of [`list`], and this is its last use.
#[expect(unsafe_code, reason = "a list of C is freed by its pointers")]
unsafe fn free(mut list: *mut addrinfo) {
    while !list.is_null() {
        // SAFETY: each entry was a box of its own, and is the first field of what was boxed.
        let entry = unsafe { Box::from_raw(list.cast::<Entry>()) };
        list = entry.info.ai_next;
    }
}

#[cfg(test)]
#[expect(unsafe_code, reason = "the callback is called as librdkafka calls it")]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::context::Context;
    use std::net::{Ipv4Addr, Ipv6Addr};

    /// Asks as `rd_getaddrinfo` does (rdaddr.c) and copies the addresses before it gives the list back.
    fn ask(node: &CStr, service: &CStr, family: c_int) -> Result<Vec<SocketAddr>, c_int> {
        let context = Context::of(&Config::at("a:1"));
        let opaque = ptr::from_ref(&context).cast_mut().cast();
        // SAFETY: a structure of numbers and pointers, which may be null.
        let mut hints: addrinfo = unsafe { std::mem::zeroed() };
        (hints.ai_family, hints.ai_socktype) = (family, libc::SOCK_STREAM);
        let mut found = ptr::null_mut();
        // SAFETY: as rdkafka.h says.
        let code = unsafe {
            resolve::<Context>(
                node.as_ptr(),
                service.as_ptr(),
                &raw const hints,
                &raw mut found,
                opaque,
            )
        };
        if code != 0 {
            return Err(code);
        }
        let mut addresses = Vec::new();
        let mut entry = found;
        // SAFETY: a list that was just made.
        while let Some(info) = unsafe { entry.as_ref() } {
            addresses.push(read(info));
            entry = info.ai_next;
        }
        // SAFETY: as rdkafka.h says; nobody reads the list any more.
        let freed = unsafe {
            resolve::<Context>(
                ptr::null(),
                ptr::null(),
                ptr::null(),
                &raw mut found,
                opaque,
            )
        };
        assert_eq!(freed, 0);
        Ok(addresses)
    }

    fn read(info: &addrinfo) -> SocketAddr {
        assert_eq!(
            (info.ai_socktype, info.ai_protocol),
            (libc::SOCK_STREAM, libc::IPPROTO_TCP)
        );
        // SAFETY: the family says which structure it is, and the length that it is whole.
        unsafe {
            match info.ai_family {
                libc::AF_INET => {
                    assert_eq!(info.ai_addrlen, 16);
                    let address = info.ai_addr.cast::<sockaddr_in>().read_unaligned();
                    assert_eq!(c_int::from(address.sin_family), libc::AF_INET);
                    let ip = Ipv4Addr::from(address.sin_addr.s_addr.to_ne_bytes());
                    SocketAddr::new(ip.into(), u16::from_be(address.sin_port))
                }
                other => {
                    assert_eq!((other, info.ai_addrlen), (libc::AF_INET6, 28));
                    let address = info.ai_addr.cast::<sockaddr_in6>().read_unaligned();
                    assert_eq!(c_int::from(address.sin6_family), libc::AF_INET6);
                    let ip = Ipv6Addr::from(address.sin6_addr.s6_addr);
                    SocketAddr::new(ip.into(), u16::from_be(address.sin6_port))
                }
            }
        }
    }

    #[test]
    fn addresses_and_names_become_what_c_reads() {
        for (node, expected) in [
            (c"10.20.0.5", "10.20.0.5:9092"),
            (c"2001:db8::5", "[2001:db8::5]:9092"),
        ] {
            let found = ask(node, c"9092", libc::AF_UNSPEC).unwrap();
            assert_eq!(found, [expected.parse().unwrap()]);
        }
        let found = ask(c"localhost", c"9092", libc::AF_INET).unwrap();
        assert_eq!(found, ["127.0.0.1:9092".parse().unwrap()]);
    }

    #[test]
    fn what_cannot_be_found_is_no_list() {
        for (node, service, family, code) in [
            (
                c"nothing.invalid",
                c"9092",
                libc::AF_UNSPEC,
                libc::EAI_AGAIN,
            ),
            (c"10.20.0.5", c"kafka", libc::AF_UNSPEC, libc::EAI_NONAME),
            (c"10.20.0.5", c"65536", libc::AF_UNSPEC, libc::EAI_NONAME),
            (c"\xff", c"9092", libc::AF_UNSPEC, libc::EAI_NONAME),
            (c"10.20.0.5", c"9092", libc::AF_INET6, libc::EAI_NONAME),
        ] {
            assert_eq!(
                ask(node, service, family),
                Err(code),
                "{node:?} {service:?}"
            );
        }
    }

    #[test]
    fn a_list_keeps_its_order_and_is_freed_whole() {
        let addresses: Vec<IpAddr> = ["10.0.0.1", "2001:db8::1", "10.0.0.2"]
            .map(|text| text.parse().unwrap())
            .to_vec();
        let first = list(&addresses, 1);
        let mut seen = Vec::new();
        let mut entry = first;
        // SAFETY: a list that was just made.
        while let Some(info) = unsafe { entry.as_ref() } {
            seen.push(read(info).ip());
            entry = info.ai_next;
        }
        assert_eq!(seen, addresses);
        // SAFETY: nobody reads it any more. Twice nothing is nothing.
        unsafe {
            free(first);
            free(ptr::null_mut());
        }
    }
}
