//! Names of peers, asked of the name servers by a plane.
//!
//! `getaddrinfo` opens sockets of its own that no plane holds, so names are resolved here, by
//! hickory-resolver over sockets that are bound to the plane's device. `/etc/hosts` and
//! `/etc/resolv.conf` are read as the C library reads them; both are read once.

use crate::tcp::new_socket_of;
use crate::{ConnectOptions, Plane, PlaneError, connect};
use hickory_resolver::Resolver as Hickory;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::iocompat::AsyncIoTokioAsStd;
use hickory_resolver::net::runtime::{RuntimeProvider, TokioHandle, TokioTime};
use socket2::{Protocol, Type};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::net::{TcpStream, UdpSocket};

/// How long one question to a name server may take by default, in milliseconds. Shorter than the C
/// library's 5 s: a pod asks a server that is near.
const QUESTION_TIMEOUT_MS: u64 = 2_000;
/// How often a server that did not answer is asked again.
const ATTEMPTS: usize = 2;
/// The longest time that an answer is believed, whatever its TTL: a peer that moved is found again.
const MOST_TTL: Duration = Duration::from_secs(30);
/// Answers that are kept.
const CACHE_ENTRIES: u64 = 256;

/// Resolves names by one plane. Clones share what they know.
#[derive(Clone)]
pub struct Resolver {
    plane: Plane,
    /// Made when the first name is asked for: who has addresses alone needs no name server.
    hickory: Arc<OnceLock<Result<Hickory<OnPlane>, String>>>,
}

impl Resolver {
    /// A resolver as `/etc/resolv.conf` and `/etc/hosts` describe it, whose every socket goes by
    /// `plane`. Nothing is read or asked yet.
    pub fn new(plane: Plane) -> Resolver {
        Resolver {
            plane,
            hickory: Arc::default(),
        }
    }

    /// The addresses of `host`, at least one, in the order in which to try them. An address is its
    /// own answer. Must be called inside a Tokio runtime.
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, PlaneError> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let unknown = |reason: String| PlaneError::Unresolved {
            plane: self.plane.clone(),
            host: host.to_owned(),
            reason,
        };
        #[cfg(feature = "mutants")]
        if crate::mutant::is(crate::mutant::Mutant::Getaddrinfo) {
            #[expect(clippy::disallowed_methods, reason = "it is the mistake")]
            let found = tokio::net::lookup_host((host, 0)).await;
            let found = found.map_err(|error| unknown(error.to_string()))?;
            return Ok(found.map(|address| address.ip()).collect());
        }
        let hickory = self.hickory.get_or_init(|| make(&self.plane));
        let hickory = hickory.as_ref().map_err(|error| unknown(error.clone()))?;
        let found = hickory.lookup_ip(host).await;
        let found: Vec<IpAddr> = found
            .map_err(|error| unknown(error.to_string()))?
            .iter()
            .collect();
        if found.is_empty() {
            return Err(unknown("it has no address".to_owned()));
        }
        Ok(found)
    }

    /// The plane by which name servers are asked.
    pub fn plane(&self) -> &Plane {
        &self.plane
    }
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Resolver({})", self.plane)
    }
}

fn make(plane: &Plane) -> Result<Hickory<OnPlane>, String> {
    let unusable = |error: NetError| format!("/etc/resolv.conf cannot be used: {error}");
    let provider = OnPlane {
        plane: plane.clone(),
        handle: TokioHandle::default(),
    };
    let mut builder = Hickory::builder(provider).map_err(unusable)?;
    let options = builder.options_mut();
    options.timeout = Duration::from_millis(QUESTION_TIMEOUT_MS);
    options.attempts = ATTEMPTS;
    options.cache_size = CACHE_ENTRIES;
    options.positive_max_ttl = Some(MOST_TTL);
    options.negative_max_ttl = Some(Duration::from_secs(1));
    builder.build().map_err(unusable)
}

/// Makes hickory's sockets.
#[derive(Clone)]
struct OnPlane {
    plane: Plane,
    handle: TokioHandle,
}

impl RuntimeProvider for OnPlane {
    type Handle = TokioHandle;
    type Timer = TokioTime;
    type Udp = UdpSocket;
    type Tcp = AsyncIoTokioAsStd<TcpStream>;

    fn create_handle(&self) -> TokioHandle {
        self.handle.clone()
    }

    fn connect_tcp(
        &self,
        server: SocketAddr,
        source: Option<SocketAddr>,
        timeout: Option<Duration>,
    ) -> Pin<Box<dyn Send + Future<Output = io::Result<Self::Tcp>>>> {
        let plane = self.plane.clone();
        let options = ConnectOptions {
            source: source.map(|address| address.ip()),
            timeout: timeout.unwrap_or(Duration::from_millis(QUESTION_TIMEOUT_MS)),
            ..ConnectOptions::default()
        };
        Box::pin(async move {
            let stream = connect(&plane, server, options).await;
            stream.map(AsyncIoTokioAsStd).map_err(io::Error::other)
        })
    }

    fn bind_udp(
        &self,
        local: SocketAddr,
        _server: SocketAddr,
    ) -> Pin<Box<dyn Send + Future<Output = io::Result<UdpSocket>>>> {
        let plane = self.plane.clone();
        Box::pin(async move {
            // No IP_PKTINFO and no scope id is ever set on it: those override the binding.
            let socket = new_socket_of(&plane, local, Type::DGRAM, Protocol::UDP)
                .map_err(io::Error::other)?;
            socket.bind(&local.into())?;
            UdpSocket::from_std(socket.into())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PlaneKind;

    fn resolver() -> Resolver {
        Resolver::new(Plane::unbound(PlaneKind::Default))
    }

    #[tokio::test]
    async fn an_address_is_its_own_answer() {
        for address in ["10.30.0.10", "2001:db8::1"] {
            let found = resolver().addresses(address).await.unwrap();
            assert_eq!(found, [address.parse::<IpAddr>().unwrap()]);
        }
    }

    #[tokio::test]
    async fn the_hosts_file_is_read() {
        let found = resolver().addresses("localhost").await.unwrap();
        assert!(found.iter().all(IpAddr::is_loopback), "{found:?}");
    }

    /// The top-level domain `invalid` never exists (RFC 2606).
    #[tokio::test]
    async fn a_name_without_an_address_is_told_with_its_plane() {
        let error = resolver().addresses("nothing.invalid").await.unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("nothing.invalid") && text.contains("default plane"),
            "{text}"
        );
    }

    #[tokio::test]
    async fn name_servers_are_asked_by_the_plane_alone() {
        let absent = Plane::bound(PlaneKind::Default, "absent0").unwrap();
        let provider = OnPlane {
            plane: absent,
            handle: TokioHandle::default(),
        };
        let any = SocketAddr::from(([0, 0, 0, 0], 0));
        let error = provider.bind_udp(any, any).await.unwrap_err().to_string();
        assert!(error.contains("absent0"), "{error}");
        let Err(error) = provider.connect_tcp(any, None, None).await else {
            panic!("no socket is made on another device");
        };
        assert!(error.to_string().contains("absent0"), "{error}");
    }
}
