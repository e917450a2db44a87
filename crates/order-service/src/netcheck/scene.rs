//! What to look at, by the settings.

use crate::clock::SystemClock;
use crate::config::Config;
use crate::partners;
use netcheck::pod::{Advertised, Certificate, Pod};
use netcheck::{CannotTell, Scene, Target, lookups};
use order_core::ports::Clock as _;
use planes::PlaneKind;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tls::About;

/// As the C library and the resolver read it.
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// The scene; and names that nobody could find, whose peers are not looked at.
pub(super) async fn of(config: &Config) -> (Scene, Vec<CannotTell>) {
    let (mut peers, mut unknown) = (Vec::new(), Vec::new());
    for partner in partners::of(config) {
        for peer in &partner.peers {
            match config.resolver.addresses(peer.host()).await {
                Ok(addresses) => peers.push(Target {
                    name: partner.name.to_owned(),
                    plane: partner.plane.kind(),
                    addresses,
                    port: peer.port(),
                }),
                Err(error) => unknown.push(CannotTell {
                    id: "PEER001",
                    reason: format!("{}: {error}", partner.name),
                }),
            }
        }
    }
    let planes: Vec<_> = config.planes.all().into_iter().cloned().collect();
    let bound = planes.iter().any(|plane| plane.interface().is_some());
    let scene = Scene {
        planes,
        dns_plane: config.resolver.plane().kind(),
        peers,
        node_addresses: config.node_ip.into_iter().collect(),
        certificates: certificates(config),
        // Outside a cluster nobody writes it.
        status_file: bound.then(|| config.network_status_file.clone()),
        resolv_conf: PathBuf::from(RESOLV_CONF),
    };
    (scene, unknown)
}

/// Those of the listeners, and those that the service connects with.
fn certificates(config: &Config) -> Vec<Certificate> {
    let tls = &config.listeners_tls;
    let listeners = [
        ("listener http", &tls.http),
        ("listener grpc", &tls.grpc),
        ("listener mgmt", &tls.management),
    ];
    let listeners = listeners.into_iter().filter_map(|(name, tls)| {
        let tls = tls.as_ref()?;
        Some((name.to_owned(), tls.identity.cert_file.clone()))
    });
    let clients = crate::certificates::clients(config);
    let clients = clients
        .into_iter()
        .map(|(_, client, identity)| (format!("client {client}"), identity.cert_file));
    listeners
        .chain(clients)
        .map(|(name, file)| certificate(name, &file))
        .collect()
}

fn certificate(name: String, file: &Path) -> Certificate {
    let about = About::of_file(file);
    Certificate {
        name,
        file: file.display().to_string(),
        validity: about
            .map(|about| (about.not_before, about.not_after))
            .map_err(|error| error.to_string()),
        in_use_until: None,
        now: SystemClock.now().millis().div_euclid(1_000),
    }
}

/// Asks Kafka where it tells its clients to connect, and the kernel how it would go there.
pub(super) async fn advertised(
    config: &Config,
    scene: &Scene,
    pod: &mut Pod,
) -> Result<(), String> {
    let Some(kafka) = &config.kafka else {
        return Ok(());
    };
    let brokers = match adapter_kafka::advertised(Arc::new(kafka.client.clone())).await {
        Ok(brokers) => brokers,
        Err(reason) => {
            let id = "ADV001";
            pod.cannot_tell.push(CannotTell { id, reason });
            return Ok(());
        }
    };
    for (host, port) in brokers {
        let found = config.resolver.addresses(&host).await;
        let lookup = match found {
            Ok(addresses) => Ok(lookup(scene, &addresses)?),
            Err(error) => Err(error.to_string()),
        };
        pod.advertised.push(Advertised {
            peer: "kafka".to_owned(),
            plane: PlaneKind::Data.name().to_owned(),
            address: format!("{host}:{port}"),
            lookup,
        });
    }
    Ok(())
}

fn lookup(scene: &Scene, addresses: &[IpAddr]) -> Result<Vec<netcheck::pod::Lookup>, String> {
    lookups(scene, PlaneKind::Data, addresses).map_err(|error| error.to_string())
}
