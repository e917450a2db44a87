//! TLS of the listeners: opened at start, renewed while the service runs.

use crate::config::Config;
use crate::error::StartError;
use crate::files::Files;
use tls::{Acceptor, Security, ServerTls};

/// How each listener's connections are secured.
#[derive(Clone, Debug)]
pub(crate) struct Secured {
    pub(crate) http: Security,
    pub(crate) grpc: Security,
    pub(crate) management: Security,
}

impl Secured {
    /// Reads every file; what is wrong with one stops the start.
    pub(crate) fn open(config: &Config) -> Result<Secured, StartError> {
        let tls = &config.listeners_tls;
        Ok(Secured {
            http: security("http", tls.http.as_ref(), &["h2", "http/1.1"])?,
            grpc: security("grpc", tls.grpc.as_ref(), &["h2"])?,
            management: security("mgmt", tls.management.as_ref(), &["http/1.1"])?,
        })
    }

    /// Each listener's, by the first part of its settings' names.
    pub(crate) fn all(&self) -> [(&'static str, &Security); 3] {
        [
            ("http", &self.http),
            ("grpc", &self.grpc),
            ("mgmt", &self.management),
        ]
    }

    /// Has the files of each listener read again when they change.
    pub(crate) fn watch(&self, files: &mut Files) {
        let settings = ["http_tls", "grpc_tls", "mgmt_tls"];
        for (setting, (_, security)) in settings.into_iter().zip(self.all()) {
            if security.acceptor().is_some() {
                let security = security.clone();
                files.watch(setting, move || {
                    security
                        .acceptor()
                        .map_or(Ok(false), Acceptor::reload)
                        .map_err(|error| format!("{error} (TLS002)"))
                });
            }
        }
    }
}

fn security(
    listener: &'static str,
    files: Option<&ServerTls>,
    protocols: &[&str],
) -> Result<Security, StartError> {
    let Some(files) = files else {
        return Ok(Security::none());
    };
    let acceptor = Acceptor::open(files.clone(), protocols);
    acceptor
        .map(Security::by)
        .map_err(|source| StartError::Tls { listener, source })
}
