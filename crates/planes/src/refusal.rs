//! Who refused a connection: the peer's host, or somebody on the way, such as a router, a firewall or a network
//! policy that rejects. Both may look alike (`ECONNREFUSED`); what came by ICMP says who sent it (ip(7), `IP_RECVERR`).

use nix::cmsg_space;
use nix::sys::socket::sockopt::{Ipv4RecvErr, Ipv6RecvErr};
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt};
use socket2::Socket;
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd;

/// Where an error came from: `SO_EE_ORIGIN_ICMP` and `SO_EE_ORIGIN_ICMP6` of `linux/errqueue.h`.
const FROM_ICMP: [u8; 2] = [2, 3];

/// A second handle of a socket that is about to connect, on which the kernel keeps what ICMP said meanwhile.
pub(crate) struct Refusals {
    socket: Socket,
    peer: SocketAddr,
}

impl Refusals {
    pub(crate) fn of(socket: &Socket, peer: SocketAddr) -> io::Result<Refusals> {
        let refusals = Refusals {
            socket: socket.try_clone()?,
            peer,
        };
        refusals.keep(true)?;
        Ok(refusals)
    }

    /// To be called once connected: an established connection outlives what routers say of it (RFC 1122, 4.2.3.9),
    /// but not where its owner asked to be told.
    pub(crate) fn no_more(self) -> io::Result<()> {
        self.keep(false)
    }

    /// Who refused it, where it was neither the peer nor this host.
    pub(crate) fn by(&self) -> Option<IpAddr> {
        let mut data = [0; 128];
        let mut parts = [IoSliceMut::new(&mut data)];
        let mut space = cmsg_space!([u8; 128]);
        let message = recvmsg::<SockaddrStorage>(
            self.socket.as_raw_fd(),
            &mut parts,
            Some(&mut space),
            MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT,
        );
        let message = message.ok()?;
        let by = message.cmsgs().ok()?.find_map(|told| match told {
            ControlMessageOwned::Ipv4RecvErr(error, Some(by)) => FROM_ICMP
                .contains(&error.ee_origin)
                .then(|| Ipv4Addr::from(u32::from_be(by.sin_addr.s_addr)).into()),
            ControlMessageOwned::Ipv6RecvErr(error, Some(by)) => FROM_ICMP
                .contains(&error.ee_origin)
                .then(|| Ipv6Addr::from(by.sin6_addr.s6_addr).into()),
            _ => None,
        });
        by.filter(|by| *by != self.peer.ip() && Some(*by) != self.own())
    }

    /// A neighbour that does not answer is told of by this host's own ICMP.
    fn own(&self) -> Option<IpAddr> {
        let own = self.socket.local_addr().ok()?.as_socket();
        own.map(|own| own.ip())
    }

    fn keep(&self, on: bool) -> io::Result<()> {
        let set = match self.peer {
            SocketAddr::V4(_) => setsockopt(&self.socket, Ipv4RecvErr, &on),
            SocketAddr::V6(_) => setsockopt(&self.socket, Ipv6RecvErr, &on),
        };
        set.map_err(io::Error::from)
    }
}

#[cfg(test)]
mod tests {
    use crate::{ConnectOptions, ListenOptions, Plane, PlaneError, PlaneKind, connect, listen};
    use nix::sys::socket::getsockopt;
    use nix::sys::socket::sockopt::{Ipv4RecvErr, Ipv6RecvErr};
    use std::io::{self, ErrorKind};

    #[tokio::test]
    async fn a_connection_that_is_made_is_no_longer_told_of_what_routers_say() {
        let plane = Plane::unbound(PlaneKind::Data);
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let peer = listen(&plane, address.parse().unwrap(), ListenOptions::default()).unwrap();
            let at = peer.local_addr();
            let stream = connect(&plane, at, ConnectOptions::default()).await;
            let stream = stream.unwrap();
            let kept = if at.is_ipv4() {
                getsockopt(&stream, Ipv4RecvErr)
            } else {
                getsockopt(&stream, Ipv6RecvErr)
            };
            assert_eq!(kept, Ok(false), "{address}");
        }
    }

    #[test]
    fn the_message_names_who_refused_on_the_way() {
        let refused = |by| PlaneError::Connect {
            plane: Plane::unbound(PlaneKind::Data),
            peer: "10.20.0.50:9092".parse().unwrap(),
            source: io::Error::from(ErrorKind::ConnectionRefused),
            by,
        };
        let by_policy = refused(Some([10, 244, 0, 1].into())).to_string();
        assert!(
            by_policy.contains("10.244.0.1 on the way said so"),
            "{by_policy}"
        );
        let by_peer = refused(None).to_string();
        assert!(by_peer.contains("the peer is there"), "{by_peer}");
    }
}
