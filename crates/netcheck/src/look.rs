//! Gathers what the checks judge: from the kernel by netlink and `/proc/sys`, from Multus' file, from
//! `/etc/resolv.conf`. Reads only, and takes no privileges. What cannot be read is left out, so that a check
//! says that it cannot tell.

mod kernel;

use crate::multus::read_status;
use crate::pod::{
    Address, Attached, Certificate, Identity, Link, Lookup, Neighbour, NetworkStatus, Peer, Plane,
    Pod, Route,
};
use kernel::{kernel, number};
use planes::{LinkState, NetlinkError, PlaneKind, RouteQuestions};
use std::fs;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Bytes of a file, at most: beyond, it is none of those that are meant.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// What to look at.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The planes, bound or not.
    pub planes: Vec<planes::Plane>,
    /// By which plane names are asked for.
    pub dns_plane: PlaneKind,
    /// Whom the service connects to.
    pub peers: Vec<Target>,
    /// Addresses of the node on which the pod runs, as far as they are known.
    pub node_addresses: Vec<IpAddr>,
    /// Certificates that the service shows.
    pub certificates: Vec<Certificate>,
    /// Multus' file; `None`: it is not looked at.
    pub status_file: Option<PathBuf>,
    /// Name servers are read from here.
    pub resolv_conf: PathBuf,
}

/// Somebody whom the service connects to.
#[derive(Clone, Debug)]
pub struct Target {
    /// For people: `database`.
    pub name: String,
    /// By which plane.
    pub plane: PlaneKind,
    /// At which addresses.
    pub addresses: Vec<IpAddr>,
    /// At which port.
    pub port: u16,
}

/// Looks. Fails where the kernel or a seccomp profile refuses netlink sockets.
pub fn look(scene: &Scene) -> Result<Pod, NetlinkError> {
    let links = planes::interfaces()?;
    let mut routes = RouteQuestions::open()?;
    let (kernel, strays) = kernel(&scene.planes)?;
    let status = status(scene.status_file.as_deref());
    let mut pod = Pod {
        planes: scene
            .planes
            .iter()
            .map(|plane| plane_of(plane, &links, &status))
            .collect(),
        routes: routes.main_table()?.into_iter().map(route_of).collect(),
        source_rules: routes.chooses_by_source()?,
        dns_plane: scene.dns_plane.name().to_owned(),
        status,
        kernel,
        strays,
        neighbours: neighbours()?,
        node_addresses: scene.node_addresses.clone(),
        certificates: scene.certificates.clone(),
        ..Pod::default()
    };
    for target in &scene.peers {
        for address in &target.addresses {
            pod.peers.push(Peer {
                name: target.name.clone(),
                plane: target.plane.name().to_owned(),
                lookup: lookup(scene, &mut routes, target.plane, *address)?,
            });
        }
    }
    for server in name_servers(&scene.resolv_conf) {
        pod.name_servers
            .push(lookup(scene, &mut routes, scene.dns_plane, server)?);
    }
    Ok(pod)
}

/// Whom the kernel has found on the links, or asked for in vain.
pub(crate) fn neighbours() -> Result<Vec<Neighbour>, NetlinkError> {
    let of = |one: planes::Neighbour| Neighbour {
        interface: one.interface,
        address: one.address,
        found: one.found,
    };
    Ok(planes::neighbours()?.into_iter().map(of).collect())
}

/// How the kernel would go to addresses that are reached by this plane.
pub fn lookups(
    scene: &Scene,
    kind: PlaneKind,
    addresses: &[IpAddr],
) -> Result<Vec<Lookup>, NetlinkError> {
    let mut routes = RouteQuestions::open()?;
    let one = |address: &IpAddr| lookup(scene, &mut routes, kind, *address);
    addresses.iter().map(one).collect()
}

fn lookup(
    scene: &Scene,
    routes: &mut RouteQuestions,
    kind: PlaneKind,
    address: IpAddr,
) -> Result<Lookup, NetlinkError> {
    let plane = scene.planes.iter().find(|plane| plane.kind() == kind);
    let by_plane = match plane.and_then(planes::Plane::interface) {
        Some(interface) => routes.leads_by(address, interface)?,
        // Not bound: wherever the routes lead.
        None => true,
    };
    Ok(Lookup {
        address,
        unbound: routes.unbound(address)?,
        by_plane,
    })
}

fn plane_of(plane: &planes::Plane, links: &[LinkState], status: &NetworkStatus) -> Plane {
    let interface = plane.interface();
    let link = links
        .iter()
        .find(|link| Some(link.name.as_str()) == interface);
    Plane {
        name: plane.kind().name().to_owned(),
        interface: interface.map(str::to_owned),
        link: link.map(link_of),
        at_start: None,
        declared_mtu: declared_mtu(status, interface),
    }
}

/// Multus tells the MTU that the plugin declared; the kernel's may have been changed since.
fn declared_mtu(status: &NetworkStatus, interface: Option<&str>) -> Option<u32> {
    let NetworkStatus::Known(attached) = status else {
        return None;
    };
    let of_interface = |one: &&Attached| Some(one.interface.as_str()) == interface;
    attached.iter().find(of_interface)?.mtu
}

fn link_of(link: &LinkState) -> Link {
    let of_both = |setting: &str| {
        let [all, own] = ["all", &link.name].map(|name| ipv4_setting(name, setting));
        own.map(|own| own.max(all.unwrap_or(0)))
    };
    Link {
        identity: Identity {
            index: link.index,
            mac: link.mac.to_string(),
        },
        admin_up: link.admin_up,
        carrier: link.carrier,
        carrier_changes: link.carrier_changes.into(),
        mtu: link.mtu,
        kind: link.kind.clone(),
        addresses: link.addresses.iter().map(address_of).collect(),
        rp_filter: of_both("rp_filter"),
        arp_ignore: of_both("arp_ignore"),
        accept_redirects: ipv4_setting(&link.name, "accept_redirects"),
    }
}

fn address_of(own: &planes::InterfaceAddress) -> Address {
    Address {
        ip: own.address,
        prefix_bits: own.prefix_bits,
        tentative_or_duplicate: !own.usable,
        dynamic: own.dynamic,
    }
}

fn route_of(route: planes::Route) -> Route {
    Route {
        destination: route.destination,
        gateway: route.gateway,
        interface: route.interface,
    }
}

fn status(file: Option<&Path>) -> NetworkStatus {
    let Some(file) = file else {
        return NetworkStatus::NotAsked;
    };
    let name = file.display().to_string();
    match read(file) {
        Ok(text) => read_status(&name, &text),
        Err(reason) => NetworkStatus::Unusable(format!("{name}: {reason}")),
    }
}

fn name_servers(resolv_conf: &Path) -> Vec<IpAddr> {
    let text = read(resolv_conf).unwrap_or_default();
    let servers = text.lines().filter_map(|line| {
        let rest = line.strip_prefix("nameserver")?.trim();
        // An IPv6 address may name its interface.
        rest.split('%').next()?.parse().ok()
    });
    servers
        .filter(|server: &IpAddr| !server.is_loopback())
        .collect()
}

fn ipv4_setting(interface: &str, setting: &str) -> Option<u32> {
    number(&format!("/proc/sys/net/ipv4/conf/{interface}/{setting}"))
}

fn read(file: &Path) -> Result<String, String> {
    let size = fs::metadata(file).map(|about| about.len());
    if size.is_ok_and(|size| size > MAX_FILE_BYTES) {
        return Err(format!("is larger than {MAX_FILE_BYTES} bytes"));
    }
    fs::read_to_string(file).map_err(|error| match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        _ => error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_servers_are_read_as_the_c_library_reads_them() {
        let file = std::env::temp_dir().join(format!("netcheck-{}", std::process::id()));
        fs::write(&file, "search x\nnameserver 10.96.0.10\n#nameserver 1.2.3.4\nnameserver fe80::1%eth0\nnameserver 127.0.0.53\n").unwrap();
        let servers = name_servers(&file);
        fs::remove_file(&file).unwrap();
        let expected = ["10.96.0.10", "fe80::1"].map(|text| text.parse::<IpAddr>().unwrap());
        assert_eq!(servers, expected);
    }
}
