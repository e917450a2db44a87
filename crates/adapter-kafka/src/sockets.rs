//! librdkafka's callbacks that make, connect and close a socket, each of the context's plane.

use crate::network::OnPlane;
use libc::{sockaddr, sockaddr_in, sockaddr_in6};
use std::ffi::{c_char, c_int, c_void};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};

/// A socket of the context's plane, or -1 and `errno`.
#[expect(unsafe_code, reason = "called by librdkafka with a pointer")]
pub(crate) unsafe extern "C" fn open_socket<C: OnPlane>(
    domain: c_int,
    kind: c_int,
    protocol: c_int,
    opaque: *mut c_void,
) -> c_int {
    // SAFETY: rdkafka sets `opaque` to its context, which outlives every broker thread.
    let context = unsafe { &*opaque.cast::<C>() };
    match planes::raw_socket(context.network().plane(), domain, kind, protocol) {
        Ok(socket) => socket.into_raw_fd(),
        Err(error) => {
            tracing::error!(%error, "no socket for a connection to Kafka");
            errno::set_errno(errno::Errno(error.raw_os_error()));
            -1
        }
    }
}

/// Connects a socket that [`open_socket`] made, and answers 0 whatever comes of it: told of an error here,
/// librdkafka asks the C library for the *name* of the broker's address, to put it into a message
/// (`RD_SOCKADDR2STR_F_NICE` in `rd_kafka_transport_connect`), and that asks a name server by a socket of
/// no plane. What it sees instead is that the socket cannot be written to.
#[expect(unsafe_code, reason = "called by librdkafka with pointers")]
pub(crate) unsafe extern "C" fn connect_socket<C: OnPlane>(
    socket: c_int,
    address: *const sockaddr,
    length: c_int,
    _broker: *const c_char,
    opaque: *mut c_void,
) -> c_int {
    // SAFETY: as in `open_socket`; the socket is open as long as the call lasts, and `address` points to
    // `length` bytes of an address.
    let (context, socket, address) = unsafe {
        (
            &*opaque.cast::<C>(),
            BorrowedFd::borrow_raw(socket),
            address_of(address, length),
        )
    };
    let Some(address) = address else {
        tracing::error!(
            "no connection to Kafka: a broker's address is neither of IPv4 nor of IPv6"
        );
        return 0;
    };
    let plane = context.network().plane();
    if let Err(error) = planes::raw_connect(plane, socket, address) {
        tracing::warn!(%error, "no connection to Kafka; trying again");
    }
    0
}

/// Closes a socket that [`open_socket`] made.
#[expect(unsafe_code, reason = "called by librdkafka with a pointer")]
pub(crate) unsafe extern "C" fn close_socket<C: OnPlane>(
    socket: c_int,
    opaque: *mut c_void,
) -> c_int {
    // SAFETY: as in `open_socket`; the socket is librdkafka's, which uses it no more.
    let (context, socket) = unsafe { (&*opaque.cast::<C>(), OwnedFd::from_raw_fd(socket)) };
    context.closed();
    drop(socket);
    0
}

/// An address as C has it; `None`: it is neither of IPv4 nor of IPv6. The scope of an IPv6 address is left
/// out, since it would override the plane's device.
#[expect(unsafe_code, reason = "an address as C has it is read by its family")]
unsafe fn address_of(address: *const sockaddr, length: c_int) -> Option<SocketAddr> {
    let length = usize::try_from(length).ok()?;
    // SAFETY: the caller says that there are `length` bytes, and each is read only as far as they go.
    unsafe {
        if length < size_of::<sockaddr_in>() {
            return None;
        }
        match c_int::from((*address).sa_family) {
            libc::AF_INET => {
                let address = address.cast::<sockaddr_in>().read_unaligned();
                let ip = IpAddr::from(address.sin_addr.s_addr.to_ne_bytes());
                Some(SocketAddr::new(ip, u16::from_be(address.sin_port)))
            }
            libc::AF_INET6 if length >= size_of::<sockaddr_in6>() => {
                let address = address.cast::<sockaddr_in6>().read_unaligned();
                let ip = IpAddr::from(address.sin6_addr.s6_addr);
                Some(SocketAddr::new(ip, u16::from_be(address.sin6_port)))
            }
            _ => None,
        }
    }
}
