//! Waiting for a plane's interface at start: a pod may run before its networks are attached.

use crate::interfaces::Interfaces;
use crate::netlink::{Questions, Subject};
use crate::{Link, Plane, PlaneError, tcp};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// How often an absent interface is looked for, in milliseconds.
const INTERFACE_POLL_MS: u64 = 50;

/// Waits until the plane's interface exists, at most for `longest`; an unbound plane needs none.
/// Never falls back to an unbound socket.
///
/// Asks in the way in which it will matter, by binding a socket that is thrown away: this works
/// without `/sys`, and a kernel that refuses the binding is found out at start.
pub async fn wait_for_interface(plane: &Plane, longest: Duration) -> Result<(), PlaneError> {
    let Some(interface) = plane.interface() else {
        return Ok(());
    };
    if exists(plane)? {
        return Ok(());
    }
    tracing::warn!(%plane, ?longest, "the interface is absent; waiting for it");
    let deadline = Instant::now() + longest;
    match timeout_at(deadline, until_it_exists(plane)).await {
        Ok(found) => {
            found?;
            tracing::info!(%plane, "the interface is there");
            Ok(())
        }
        Err(_elapsed) => Err(PlaneError::InterfaceNeverCame {
            kind: plane.kind(),
            interface: interface.to_owned(),
            waited: longest,
        }),
    }
}

/// [`wait_for_interface`], and then until it can be used: it is raised, has a carrier and has an address.
/// Both together take at most `longest`; the error says what is still the matter.
pub async fn wait_until_usable(plane: &Plane, longest: Duration) -> Result<(), PlaneError> {
    let started = Instant::now();
    wait_for_interface(plane, longest).await?;
    let Some(interface) = plane.interface() else {
        return Ok(());
    };
    let asking = |source| PlaneError::setup(plane, "asking for the interfaces", source);
    let mut route = Questions::open(Subject::Interfaces).map_err(asking)?;
    let mut told = None;
    loop {
        let interfaces = Interfaces::read(&mut route).map_err(asking)?;
        let Some(fault) = Link::of(&interfaces, plane).fault() else {
            if told.is_some() {
                tracing::info!(%plane, "the interface can be used");
            }
            return Ok(());
        };
        if started.elapsed() >= longest {
            return Err(PlaneError::InterfaceNotUsable {
                kind: plane.kind(),
                interface: interface.to_owned(),
                waited: longest,
                fault,
            });
        }
        if told != Some(fault) {
            tracing::warn!(%plane, ?longest, "waiting for the interface: {fault}");
            told = Some(fault);
        }
        sleep(Duration::from_millis(INTERFACE_POLL_MS)).await;
    }
}

async fn until_it_exists(plane: &Plane) -> Result<(), PlaneError> {
    while !exists(plane)? {
        sleep(Duration::from_millis(INTERFACE_POLL_MS)).await;
    }
    Ok(())
}

fn exists(plane: &Plane) -> Result<bool, PlaneError> {
    let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    match tcp::new_socket(plane, any) {
        Ok(_thrown_away) => Ok(true),
        Err(PlaneError::NoDevice { .. }) => Ok(false),
        Err(other) => Err(other),
    }
}
