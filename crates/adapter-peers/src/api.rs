//! Questions to the Kubernetes API, as a pod asks them: by the service account's token, on the default plane.

use crate::config::{InCluster, Limits};
use crate::fetch::{self, Bounds, FetchError};
use crate::policies::Count;
use crate::status::clipped;
use crate::target::Target;
use crate::wire::{Counted, List, Pod, Refusal};
use http::StatusCode;
use outbound::ConnectorOptions;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use planes::{Peer, Resolver};
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use tls::ClientTls;

/// The largest token or name of a namespace, in bytes: bound tokens have about a thousand.
const MAX_FILE_BYTES: u64 = 64 * 1024;
/// How many of a kind one answer counts; how many more there are Kubernetes says.
const COUNTED: usize = 500;
/// The longest words of a refusal that are told, in characters.
const MAX_MESSAGE_CHARS: usize = 300;

/// Why Kubernetes' answer is not known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error(
        "the service account cannot be read: {}: {source}; let the pod mount its token (automountServiceAccountToken), \
         or set PEERS_KUBERNETES=off",
        path.display()
    )]
    ServiceAccount {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error(
        "the Kubernetes API has no usable address: {0}; check KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT"
    )]
    Address(String),
    #[error("the Kubernetes API at {at} cannot be asked by the default plane: {source}")]
    Fetch { at: String, source: FetchError },
    #[error(
        "Kubernetes does not know the service account's token (401): {0}; the token is read again at the next question"
    )]
    Unknown(String),
    #[error("Kubernetes does not allow it (403): {0}; k8s/base/rbac.yaml holds the role that does")]
    NotAllowed(String),
    #[error("Kubernetes knows no such thing (404): {0}")]
    NoSuchResource(String),
    #[error("Kubernetes answered {code}: {message}")]
    Refused { code: u16, message: String },
    #[error("Kubernetes' answer cannot be read: {0}")]
    Garbage(#[from] serde_json::Error),
}

/// The API of the cluster that this pod runs in.
#[derive(Debug)]
pub(crate) struct Api<'a> {
    pub(crate) cluster: &'a InCluster,
    pub(crate) resolver: &'a Resolver,
    pub(crate) limits: Limits,
}

impl Api<'_> {
    /// The pods that the selector names, in this namespace. From the API server's own memory
    /// (`resourceVersion=0`): a list that is seconds old costs its store nothing.
    pub(crate) async fn pods(&self, namespace: &str) -> Result<List<Pod>, ApiError> {
        let selector = utf8_percent_encode(&self.cluster.label_selector, NON_ALPHANUMERIC);
        let limit = self.limits.max_peers;
        let path = format!(
            "/api/v1/namespaces/{namespace}/pods?labelSelector={selector}&limit={limit}&resourceVersion=0"
        );
        self.get(&path).await
    }

    /// How many there are of a kind in this namespace; `group` is such as `networking.k8s.io/v1`.
    pub(crate) async fn count(&self, namespace: &str, group: &str, kind: &str) -> Count {
        let path = format!("/apis/{group}/namespaces/{namespace}/{kind}?limit={COUNTED}");
        match self.get::<Counted>(&path).await {
            Ok(list) => {
                let first = u64::try_from(list.items.len()).unwrap_or(u64::MAX);
                Count::Known(first.saturating_add(list.metadata.remaining_item_count))
            }
            Err(ApiError::NotAllowed(_)) => Count::NotAllowed,
            Err(ApiError::NoSuchResource(_)) => Count::NoSuchResource,
            Err(error) => Count::Unknown(error.to_string()),
        }
    }

    /// The namespace of this pod.
    pub(crate) async fn namespace(&self) -> Result<String, ApiError> {
        self.read("namespace").await
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        let token = self.read("token").await?;
        let target = self.target()?;
        let unusable = |error: http::uri::InvalidUri| ApiError::Address(error.to_string());
        let uri = target.uri(path).map_err(unusable)?;
        let plane = self.cluster.plane.clone();
        let options = ConnectorOptions {
            tls: ClientTls {
                ca_file: Some(self.cluster.service_account.join("ca.crt")),
                identity: None,
            },
            ..ConnectorOptions::by(plane, self.resolver.clone())
        };
        let bounds = Bounds {
            within: self.limits.look_timeout,
            max_bytes: self.limits.max_list_bytes,
        };
        let fetched = fetch::get(options, uri, Some(&token), bounds).await;
        let fetched = fetched.map_err(|source| ApiError::Fetch {
            at: target.to_string(),
            source,
        })?;
        if fetched.status == StatusCode::OK {
            return Ok(serde_json::from_slice(&fetched.body)?);
        }
        let refusal: Refusal = serde_json::from_slice(&fetched.body).unwrap_or_default();
        let message = clipped(&refusal.message, MAX_MESSAGE_CHARS);
        Err(match fetched.status {
            StatusCode::UNAUTHORIZED => ApiError::Unknown(message),
            StatusCode::FORBIDDEN => ApiError::NotAllowed(message),
            StatusCode::NOT_FOUND => ApiError::NoSuchResource(message),
            status => ApiError::Refused {
                code: status.as_u16(),
                message,
            },
        })
    }

    fn target(&self) -> Result<Target, ApiError> {
        let InCluster { host, port, .. } = self.cluster;
        let number = port
            .parse()
            .map_err(|_| ApiError::Address(format!("{port:?} is no port")))?;
        let peer = Peer::new(host, number).map_err(|error| ApiError::Address(error.to_string()))?;
        Ok(Target::of(peer, true))
    }

    async fn read(&self, name: &str) -> Result<String, ApiError> {
        let path = self.cluster.service_account.join(name);
        let file = path.clone();
        let reading = tokio::task::spawn_blocking(move || read(&file));
        let read = reading
            .await
            .unwrap_or_else(|error| Err(std::io::Error::other(error)));
        read.map_err(|source| ApiError::ServiceAccount { path, source })
    }
}

/// A short text without the white space around it.
fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(MAX_FILE_BYTES)
        .read_to_string(&mut text)?;
    let text = text.trim();
    if text.is_empty() {
        return Err(std::io::Error::other("it is empty"));
    }
    Ok(text.to_owned())
}
