//! The network-status annotation, as Multus writes it (Network Plumbing Working Group, "Kubernetes Network
//! Custom Resource Definition De-facto Standard", section 5): a JSON list with an entry for each network.

use crate::pod::{Attached, NetworkStatus};
use serde::Deserialize;
use std::net::IpAddr;

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    name: String,
    #[serde(default)]
    interface: String,
    #[serde(default)]
    ips: Vec<IpAddr>,
    #[serde(default)]
    mac: String,
    #[serde(default)]
    mtu: Option<u32>,
}

/// What the file says; what is wrong with it is said in words that name the file.
pub fn read_status(file: &str, text: &str) -> NetworkStatus {
    if text.trim().is_empty() {
        return NetworkStatus::Unusable(format!("{file} is empty"));
    }
    let entries: Vec<Entry> = match serde_json::from_str(text) {
        Ok(entries) => entries,
        Err(error) => return NetworkStatus::Unusable(format!("{file}: {error}")),
    };
    let attached = entries.into_iter().map(|entry| Attached {
        network: entry.name,
        interface: entry.interface,
        ips: entry.ips,
        mac: entry.mac,
        mtu: entry.mtu,
    });
    NetworkStatus::Known(attached.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "/etc/podinfo/network-status";
    /// As Multus 4 writes it: the default network's entry has no MAC, and further fields are of no interest.
    const WRITTEN: &str = r#"[
      {"name": "cbr0", "interface": "eth0", "ips": ["10.244.0.5"], "default": true, "dns": {}, "gateway": ["10.244.0.1"]},
      {"name": "orders/storage", "interface": "net3", "ips": ["10.30.0.100"], "mac": "02:00:00:00:00:05", "mtu": 1400, "dns": {}}
    ]"#;

    fn reason(text: &str) -> String {
        match read_status(FILE, text) {
            NetworkStatus::Unusable(reason) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_multus_writes_is_read() {
        let NetworkStatus::Known(attached) = read_status(FILE, WRITTEN) else {
            panic!("it is what Multus writes");
        };
        assert_eq!(attached[0].interface, "eth0");
        assert_eq!(attached[0].mac, "");
        assert_eq!(attached[1].network, "orders/storage");
        assert_eq!(attached[1].mtu, Some(1_400));
        assert_eq!(attached[1].ips, ["10.30.0.100".parse::<IpAddr>().unwrap()]);
    }

    #[test]
    fn what_cannot_be_read_is_told_with_the_file() {
        assert!(reason(" \n").contains("is empty"));
        for text in ["{", "{}", r#"[{"ips": ["10.30.0"]}]"#] {
            assert!(reason(text).contains(FILE), "{text}");
        }
    }
}
