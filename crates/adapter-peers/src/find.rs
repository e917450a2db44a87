//! Who the other replicas are, before anybody asks them how they are.

use crate::api::Api;
use crate::config::{Config, InCluster, Source};
use crate::policies::Policies;
use crate::status::clipped;
use crate::target::Target;
use crate::wire::{List, Pod};
use netcheck::pod::NetworkStatus;
use planes::Peer;
use std::net::IpAddr;
use tokio::join;

/// Where Multus writes what it attached.
const NETWORK_STATUS: &str = "k8s.v1.cni.cncf.io/network-status";
/// Phases of pods that are over: another stands in their place.
const OVER: [&str; 2] = ["Succeeded", "Failed"];
/// The longest words of Kubernetes that are told, in characters.
const MAX_WORDS_CHARS: usize = 200;

/// Who was found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) policies: Option<Policies>,
    pub(crate) trouble: Option<String>,
}

/// A replica that may be asked.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) name: String,
    pub(crate) node: String,
    pub(crate) phase: String,
    pub(crate) pod_ready: Option<bool>,
    /// Where it is asked, or why it cannot be.
    pub(crate) at: Result<Target, String>,
    /// What Kubernetes says is wrong with it; empty: nothing.
    pub(crate) trouble: String,
}

/// Those that somebody listed.
pub(crate) fn listed(targets: &[Target], most: usize) -> Found {
    let candidate = |target: &Target| Candidate {
        name: target.to_string(),
        node: String::new(),
        phase: String::new(),
        pod_ready: None,
        at: Ok(target.clone()),
        trouble: String::new(),
    };
    Found {
        candidates: targets.iter().take(most).map(candidate).collect(),
        policies: None,
        trouble: (targets.len() > most).then(|| {
            format!(
                "PEERS names {} replicas: the first {most} are asked",
                targets.len()
            )
        }),
    }
}

/// Asks Kubernetes. What it does not answer stays as it was `before`.
pub(crate) async fn by_kubernetes(config: &Config, cluster: &InCluster, before: &Found) -> Found {
    let api = Api {
        cluster,
        resolver: &config.resolver,
        limits: config.limits,
    };
    let namespace = match api.namespace().await {
        Ok(namespace) => namespace,
        Err(error) => {
            return Found {
                trouble: Some(error.to_string()),
                ..before.clone()
            };
        }
    };
    let (pods, network, multi, attachments) = join!(
        api.pods(&namespace),
        api.count(&namespace, "networking.k8s.io/v1", "networkpolicies"),
        api.count(
            &namespace,
            "k8s.cni.cncf.io/v1beta1",
            "multi-networkpolicies"
        ),
        api.count(
            &namespace,
            "k8s.cni.cncf.io/v1",
            "network-attachment-definitions"
        ),
    );
    let (candidates, trouble) = match pods {
        Ok(pods) => candidates(config, cluster, &namespace, pods),
        Err(error) => {
            let trouble = format!("the pods of {namespace} cannot be listed: {error}");
            (before.candidates.clone(), Some(trouble))
        }
    };
    Found {
        candidates,
        policies: Some(Policies::of(network, multi, attachments)),
        trouble,
    }
}

fn candidates(
    config: &Config,
    cluster: &InCluster,
    namespace: &str,
    list: List<Pod>,
) -> (Vec<Candidate>, Option<String>) {
    let most = config.limits.max_peers;
    let mut more = !list.metadata.more.is_empty();
    let mut pods: Vec<Pod> = list
        .items
        .into_iter()
        .filter(|pod| !OVER.contains(&pod.status.phase.as_str()))
        .collect();
    // From its memory Kubernetes may give more than it was asked for.
    more |= pods.len() > most;
    pods.truncate(most);
    let selector = &cluster.label_selector;
    let trouble = if more {
        Some(format!(
            "{selector} selects more than {most} pods of {namespace}: the others are not asked"
        ))
    } else if pods.iter().all(|pod| pod.metadata.name != config.own.name) {
        Some(format!(
            "this pod ({}) is not among those of {namespace} that {selector} selects: check POD_NAME and \
             PEERS_LABEL_SELECTOR",
            config.own.name
        ))
    } else {
        None
    };
    let candidates = pods.into_iter().map(|pod| candidate(config, cluster, pod));
    (candidates.collect(), trouble)
}

fn candidate(config: &Config, cluster: &InCluster, pod: Pod) -> Candidate {
    let ready = pod.status.conditions.iter().find(|one| one.kind == "Ready");
    let phase = if pod.metadata.deletion_timestamp.is_some() {
        "Terminating".to_owned()
    } else {
        pod.status.phase.clone()
    };
    let trouble = words(&pod);
    let at = address(config.management.interface(), &pod).and_then(|address| {
        let peer = Peer::new(&address.to_string(), cluster.management_port);
        let peer = peer.map_err(|error| error.to_string())?;
        Ok(Target::of(peer, cluster.management_tls))
    });
    Candidate {
        pod_ready: ready.map(|ready| ready.status == "True"),
        name: pod.metadata.name,
        node: pod.spec.node_name,
        phase,
        at,
        trouble,
    }
}

/// Its address on the management plane: what Multus says of the interface. Where the plane is not bound, the
/// pod's own.
fn address(interface: Option<&str>, pod: &Pod) -> Result<IpAddr, String> {
    let Some(interface) = interface else {
        return pod
            .status
            .pod_ip
            .parse()
            .map_err(|_| "it has no address yet".to_owned());
    };
    let text = pod.metadata.annotations.get(NETWORK_STATUS);
    let text = text.ok_or_else(|| {
        format!(
            "it has no management address: Multus wrote no annotation {NETWORK_STATUS} (STA001)"
        )
    })?;
    let NetworkStatus::Known(attached) = netcheck::read_status(NETWORK_STATUS, text) else {
        return Err(format!(
            "it has no management address: its annotation {NETWORK_STATUS} cannot be read (STA001)"
        ));
    };
    let network = attached.iter().find(|one| one.interface == interface);
    let address = network.and_then(|network| network.ips.first());
    address.copied().ok_or_else(|| {
        format!(
            "it has no management address: its annotation {NETWORK_STATUS} names none of {interface} (STA003)"
        )
    })
}

/// What Kubernetes says is wrong: of a container that waits, else of a condition that does not hold.
fn words(pod: &Pod) -> String {
    let waiting = pod.status.container_statuses.iter().find_map(|container| {
        let waiting = container.state.waiting.as_ref()?;
        Some(format!("{}: {}", container.name, waiting.reason))
    });
    let unscheduled = || {
        let conditions = &mut pod.status.conditions.iter();
        let one = conditions.find(|one| one.kind == "PodScheduled" && one.status == "False")?;
        Some(format!("{}: {}", one.reason, one.message))
    };
    let told = waiting.or_else(unscheduled).unwrap_or_default();
    clipped(&told, MAX_WORDS_CHARS)
}

/// Who is looked for without asking anybody.
pub(crate) fn without_asking(config: &Config) -> Found {
    match &config.source {
        Source::Listed(targets) => listed(targets, config.limits.max_peers),
        Source::Nowhere | Source::Kubernetes(_) => Found::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(annotation: Option<&str>, ip: &str) -> Pod {
        let mut pod = Pod::default();
        pod.status.pod_ip = ip.to_owned();
        if let Some(text) = annotation {
            let annotations = &mut pod.metadata.annotations;
            annotations.insert(NETWORK_STATUS.to_owned(), text.to_owned());
        }
        pod
    }

    const WRITTEN: &str = r#"[{"name":"cbr0","interface":"eth0","ips":["10.244.0.5"],"default":true},
        {"name":"orders/management","interface":"net1","ips":["10.10.0.12","2001:db8::c"]}]"#;

    #[test]
    fn the_address_is_that_of_the_management_interface() {
        let pod = pod(Some(WRITTEN), "10.244.0.5");
        assert_eq!(
            address(Some("net1"), &pod).unwrap().to_string(),
            "10.10.0.12"
        );
        assert_eq!(address(None, &pod).unwrap().to_string(), "10.244.0.5");
    }

    #[test]
    fn an_address_of_another_network_stands_in_for_none() {
        for (annotation, interface, word) in [
            (Some(WRITTEN), "net9", "STA003"),
            (Some("{"), "net1", "cannot be read"),
            (None, "net1", "wrote no annotation"),
        ] {
            let error = address(Some(interface), &pod(annotation, "10.244.0.5")).unwrap_err();
            assert!(error.contains(word), "{error}");
        }
        assert!(
            address(None, &pod(None, ""))
                .unwrap_err()
                .contains("no address yet")
        );
    }

    #[test]
    fn what_kubernetes_says_is_told() {
        let json = r#"{"status":{"containerStatuses":[{"name":"orders","state":{"waiting":{"reason":"ImagePullBackOff"}}}]}}"#;
        assert_eq!(
            words(&serde_json::from_str(json).unwrap()),
            "orders: ImagePullBackOff"
        );
        let json = r#"{"status":{"containerStatuses":null,"conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/3 nodes"}]}}"#;
        assert_eq!(
            words(&serde_json::from_str(json).unwrap()),
            "Unschedulable: 0/3 nodes"
        );
        assert_eq!(words(&Pod::default()), "");
    }
}
