//! A cluster as a pod sees it: an API server that speaks Kubernetes' JSON by TLS and knows tokens, and the
//! folder of a service account.

use crate::server::{Door, Reply, Server};
use adapter_peers::InCluster;
use http::Request;
use hyper::body::Incoming;
use planes::{Plane, PlaneKind};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use testkit::servers::certificates::Authority;

pub(crate) const PODS: &str = "/api/v1/namespaces/orders/pods";
pub(crate) const NETWORK_POLICIES: &str =
    "/apis/networking.k8s.io/v1/namespaces/orders/networkpolicies";
pub(crate) const MULTI_POLICIES: &str =
    "/apis/k8s.cni.cncf.io/v1beta1/namespaces/orders/multi-networkpolicies";
pub(crate) const ATTACHMENTS: &str =
    "/apis/k8s.cni.cncf.io/v1/namespaces/orders/network-attachment-definitions";

/// What the API server knows.
#[derive(Default)]
struct Known {
    token: String,
    replies: BTreeMap<&'static str, Reply>,
    queries: Vec<String>,
}

/// The API server and the pod's own folder.
pub(crate) struct Cluster {
    known: Arc<Mutex<Known>>,
    pub(crate) folder: TempDir,
    pub(crate) server: Server,
    _authority: Authority,
}

impl Cluster {
    /// One that has no pods, no policies, and no networks beside the default one.
    pub(crate) fn start() -> Cluster {
        let authority = Authority::new();
        let certificate = authority.good();
        let folder = tempfile::tempdir().unwrap();
        let known = Arc::new(Mutex::new(Known::default()));
        let answering = Arc::clone(&known);
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = Server::start(any, &Door::Tls(&certificate), move |request| {
            answering.lock().unwrap().answer(request)
        });
        fs::copy(authority.certificate(), folder.path().join("ca.crt")).unwrap();
        fs::write(folder.path().join("namespace"), "orders").unwrap();
        let cluster = Cluster {
            known,
            folder,
            server,
            _authority: authority,
        };
        cluster.mount_token("first");
        cluster.accept_token("first");
        cluster.says(PODS, &list("PodList", "v1", &[]));
        let policies = list(
            "NetworkPolicyList",
            "networking.k8s.io/v1",
            &[json!({}), json!({})],
        );
        cluster.says(NETWORK_POLICIES, &policies);
        cluster
    }

    /// What the kubelet writes.
    pub(crate) fn mount_token(&self, token: &str) {
        fs::write(self.folder.path().join("token"), format!("{token}\n")).unwrap();
    }

    pub(crate) fn accept_token(&self, token: &str) {
        token.clone_into(&mut self.known.lock().unwrap().token);
    }

    pub(crate) fn says(&self, path: &'static str, body: &Value) {
        self.replies(path, Reply::ok(body.to_string()));
    }

    pub(crate) fn replies(&self, path: &'static str, reply: Reply) {
        self.known.lock().unwrap().replies.insert(path, reply);
    }

    /// The queries that pods were listed with.
    pub(crate) fn queries(&self) -> Vec<String> {
        self.known.lock().unwrap().queries.clone()
    }

    pub(crate) fn in_cluster(&self, management_port: u16) -> InCluster {
        InCluster {
            host: "127.0.0.1".to_owned(),
            port: self.server.address.port().to_string(),
            service_account: self.folder.path().to_owned(),
            label_selector: "app=order-service".to_owned(),
            plane: Plane::unbound(PlaneKind::Default),
            management_port,
            management_tls: false,
        }
    }
}

impl Known {
    fn answer(&mut self, request: &Request<Incoming>) -> Reply {
        let bearer = request.headers().get("authorization");
        let bearer = bearer
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        if bearer != format!("Bearer {}", self.token) {
            return refusal(401, "Unauthorized", "Unauthorized");
        }
        let path = request.uri().path();
        if path == PODS {
            let query = request.uri().query().unwrap_or_default();
            self.queries.push(query.to_owned());
        }
        let reply = self.replies.get(path);
        reply.cloned().unwrap_or_else(|| {
            refusal(
                404,
                "NotFound",
                "the server could not find the requested resource",
            )
        })
    }
}

/// As the API server says no.
pub(crate) fn refusal(code: u16, reason: &str, message: &str) -> Reply {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code
    });
    Reply::new(code, body.to_string())
}

/// As the API server lists.
pub(crate) fn list(kind: &str, version: &str, items: &[Value]) -> Value {
    json!({"kind": kind, "apiVersion": version, "metadata": {"resourceVersion": "51813"}, "items": items})
}

/// A pod as Kubernetes 1.30 and Multus 4 write it, with fields that nobody here reads.
pub(crate) fn pod(name: &str, phase: &str, management: Option<&str>) -> Value {
    let running = phase == "Running";
    let mut pod = json!({
        "metadata": {
            "name": name, "generateName": "order-service-7d4b9c6f5-", "namespace": "orders",
            "uid": "0b2f3a7e-3c3e-4f0e-9a55-0a1f7c6b2d11", "resourceVersion": "51790",
            "creationTimestamp": "2026-07-01T10:00:00Z",
            "labels": {"app": "order-service", "pod-template-hash": "7d4b9c6f5"},
            "annotations": {"k8s.v1.cni.cncf.io/networks": "orders/management@net1"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "controller": true}],
            "managedFields": [{"manager": "multus", "operation": "Update", "fieldsV1": {"f:metadata": {}}}]
        },
        "spec": {"nodeName": "worker-1", "containers": [{"name": "order-service", "image": "order-service:1"}]},
        "status": {
            "phase": phase, "hostIP": "172.18.0.3", "podIP": "10.244.1.7", "podIPs": [{"ip": "10.244.1.7"}],
            "conditions": [
                {"type": "PodScheduled", "status": "True", "lastProbeTime": null},
                {"type": "Ready", "status": if running { "True" } else { "False" }, "lastProbeTime": null}
            ],
            "containerStatuses": [{
                "name": "order-service", "ready": running, "restartCount": 0,
                "state": if running { json!({"running": {"startedAt": "2026-07-01T10:00:02Z"}}) }
                    else { json!({"waiting": {"reason": "ContainerCreating"}}) }
            }],
            "qosClass": "Burstable"
        }
    });
    if let Some(address) = management {
        // Indented, as Multus writes it.
        let status = json!([
            {"name": "kindnet", "interface": "eth0", "ips": ["10.244.1.7"], "mac": "6a:1d:3b:00:00:01", "default": true, "dns": {}},
            {"name": "orders/management", "interface": "lo", "ips": [address], "mac": "6a:1d:3b:00:00:02", "dns": {}}
        ]);
        pod["metadata"]["annotations"]["k8s.v1.cni.cncf.io/network-status"] =
            serde_json::to_string_pretty(&status).unwrap().into();
    }
    pod
}
