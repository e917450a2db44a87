//! SYS002 to SYS007, MSH001: the kernel's settings.

use super::Told;
use crate::pod::Pod;

pub(super) fn check(pod: &Pod, told: &mut Told) {
    let kernel = &pod.kernel;
    match kernel.reverse_path_drops {
        Some(0) => {}
        Some(drops) => told.found("SYS002", "kernel", format!("{drops} packets were dropped")),
        None => told.cannot_tell("SYS002", "/proc/net/netstat cannot be read"),
    }
    match kernel.ip_forward {
        Some(0) => {}
        Some(value) => told.found("SYS005", "kernel", format!("net.ipv4.ip_forward={value}")),
        None => told.cannot_tell("SYS005", "net.ipv4.ip_forward cannot be read"),
    }
    if let Some(reason) = &kernel.cannot_bind {
        told.found("SYS006", "kernel", reason.clone());
    }
    if kernel.may_ping == Some(false) {
        told.found(
            "SYS007",
            "kernel",
            "this group is not in net.ipv4.ping_group_range".to_owned(),
        );
    }
    if !kernel.mesh_ports.is_empty() {
        let ports: Vec<String> = kernel.mesh_ports.iter().map(u16::to_string).collect();
        told.found(
            "MSH001",
            "mesh",
            format!("something listens on {}", ports.join(", ")),
        );
    }
    for plane in &pod.planes {
        let Some(link) = &plane.link else { continue };
        if link.arp_ignore == Some(0) && plane.name != "default" {
            told.found("SYS003", &plane.subject(), "arp_ignore=0".to_owned());
        }
        if link.accept_redirects == Some(1) {
            told.found("SYS004", &plane.subject(), "accept_redirects=1".to_owned());
        }
    }
}
