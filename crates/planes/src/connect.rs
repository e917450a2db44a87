//! Connecting by a plane.

use crate::refusal::Refusals;
use crate::source::source_for;
use crate::tcp::{self, Timers};
use crate::{Plane, PlaneError};
use socket2::SockAddr;
use std::net::{IpAddr, SocketAddr, TcpStream as StdStream};
use std::time::Duration;
use tokio::net::{TcpSocket, TcpStream};

/// How long a connection may take by default, in milliseconds: longer than the 3 s after which the
/// kernel gives up, whose errors say more than a timeout does.
const CONNECT_TIMEOUT_MS: u64 = 5000;

/// Connects to `peer` by the plane's device only. The peer is an address: names of peers are never
/// resolved here.
///
/// The order of calls: create, bind the device, bind the source address, connect. Must be called
/// inside a Tokio runtime.
pub async fn connect(
    plane: &Plane,
    peer: SocketAddr,
    options: ConnectOptions,
) -> Result<TcpStream, PlaneError> {
    let source = match options.source {
        Some(source) => Some(source),
        None => own_source(plane, peer.ip()).await,
    };
    let socket = tcp::new_socket(plane, peer)?;
    let options_failed =
        |source| PlaneError::setup(plane, "setting a connection's options", source);
    tcp::tune(&socket, &options.timers).map_err(options_failed)?;
    if let Some(source) = source {
        let source = SocketAddr::new(source, 0);
        socket
            .bind(&SockAddr::from(source))
            .map_err(|error| PlaneError::bind_address(plane, source, error))?;
    }
    // It takes a descriptor, whose want is no reason not to connect.
    let refusals = Refusals::of(&socket, peer).ok();
    let socket = TcpSocket::from_std_stream(StdStream::from(socket));
    match tokio::time::timeout(options.timeout, socket.connect(peer)).await {
        Ok(Ok(stream)) => {
            if let Some(refusals) = refusals {
                refusals.no_more().map_err(options_failed)?;
            }
            Ok(stream)
        }
        Ok(Err(source)) => Err(PlaneError::Connect {
            plane: plane.clone(),
            peer,
            source,
            by: refusals.and_then(|refusals| refusals.by()),
        }),
        Err(_elapsed) => Err(PlaneError::ConnectTimeout {
            plane: plane.clone(),
            peer,
            timeout: options.timeout,
        }),
    }
}

/// Questions to the kernel, which may take it longer than a runtime should wait.
async fn own_source(plane: &Plane, peer: IpAddr) -> Option<IpAddr> {
    plane.interface()?;
    let plane = plane.clone();
    let asked = tokio::task::spawn_blocking(move || source_for(&plane, peer));
    asked.await.ok().flatten()
}

/// How a connection is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectOptions {
    /// How long it may take.
    pub timeout: Duration,
    /// From which address; `None`: from the interface's own, where the plane is bound.
    pub source: Option<IpAddr>,
    /// When a silent peer is given up.
    pub timers: Timers,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_millis(CONNECT_TIMEOUT_MS),
            source: None,
            timers: Timers::DEFAULT,
        }
    }
}
