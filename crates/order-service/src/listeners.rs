//! Every listener, bound before anything is served.

use crate::config::Config;
use crate::error::StartError;
use crate::serve::EdgeBounds;
use crate::summary::Listening;
use planes::{
    ListenOptions, Listener, Plane, PlaneError, PlaneKind, SharedListener, Timers, listen,
};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// How long a caller may leave sent data unacknowledged: a reader that pauses (`curl | less`) is
/// not a peer that died.
const CALLER_TIMERS: Timers = Timers {
    user_timeout: Duration::from_secs(30),
    ..Timers::DEFAULT
};
/// The bound sockets.
pub(crate) struct Listeners {
    pub(crate) rest: SharedListener,
    pub(crate) grpc: SharedListener,
    pub(crate) management: Listener,
    pub(crate) probes: Vec<Listener>,
}

impl Listeners {
    pub(crate) fn bind(config: &Config, edges: &EdgeBounds) -> Result<Listeners, StartError> {
        let planes = &config.planes;
        Ok(Listeners {
            rest: adapter_http::bind(&planes.data, &edges.http, CALLER_TIMERS)?,
            grpc: adapter_grpc::bind(&planes.data, &edges.grpc, CALLER_TIMERS)?,
            management: bind(&planes.management, config.mgmt_listen_addr)?,
            probes: Listeners::bind_probes(config)?,
        })
    }

    /// The kubelet reaches a pod by its default interface alone, and a check inside the pod by `lo`:
    /// neither reaches a listener that is bound to the data plane.
    fn bind_probes(config: &Config) -> Result<Vec<Listener>, StartError> {
        // Unbound, or bound to `lo` for a trial: the listener for everything answers there already.
        if matches!(config.planes.data.interface(), None | Some("lo")) {
            return Ok(Vec::new());
        }
        let port = config.http_listen_addr.port();
        let mut listeners = vec![bind(
            &Plane::loopback(),
            SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port),
        )?];
        if config.planes.default.interface().is_some() {
            listeners.push(bind(&config.planes.default, config.http_listen_addr)?);
        } else {
            tracing::warn!(
                "{} is not set: probes are answered on lo alone",
                PlaneKind::Default.variable()
            );
        }
        Ok(listeners)
    }

    pub(crate) fn told(&self) -> Listening {
        let probe = |listener: &Listener| {
            format!("http://{} on {}", listener.local_addr(), listener.plane())
        };
        Listening {
            rest: self.rest.local_addr(),
            grpc: self.grpc.local_addr(),
            management: self.management.local_addr(),
            probes: self.probes.iter().map(probe).collect(),
        }
    }
}

fn bind(plane: &Plane, addr: SocketAddr) -> Result<Listener, PlaneError> {
    let options = ListenOptions {
        timers: CALLER_TIMERS,
        ..ListenOptions::default()
    };
    listen(plane, addr, options)
}
