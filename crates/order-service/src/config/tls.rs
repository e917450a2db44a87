//! How peers are trusted that the service connects to, and how its listeners are secured.

use super::reader::Reader;
use std::path::PathBuf;
use tls::{ClientTls, Identity, ServerTls};

/// TLS of each listener; `None`: not encrypted.
#[derive(Clone, Debug)]
pub(crate) struct ListenersTls {
    pub(crate) http: Option<ServerTls>,
    pub(crate) grpc: Option<ServerTls>,
    pub(crate) management: Option<ServerTls>,
}

impl Reader<'_> {
    /// TLS of every listener.
    pub(super) fn listeners_tls(&mut self) -> ListenersTls {
        ListenersTls {
            http: self.server_tls("http"),
            grpc: self.server_tls("grpc"),
            management: self.server_tls("mgmt"),
        }
    }

    /// What `{listener}_tls_…` say.
    fn server_tls(&mut self, listener: &str) -> Option<ServerTls> {
        let key = |part: &str| format!("{listener}_tls_{part}");
        let mode = key("mode");
        let must_be = "off, tls or mtls, or unset";
        let chosen = self.parse(&mode, String::new(), must_be, |text| {
            let known = ["", "off", "tls", "mtls"].contains(&text);
            known.then(|| text.to_owned())
        });
        let files = ["cert_file", "key_file", "ca_file"].map(key);
        let [certificate, private_key, ca] = files
            .each_ref()
            .map(|file| Some(self.text(file)).filter(|path| !path.is_empty()))
            .map(|path| path.map(PathBuf::from));
        let [cert_key, key_key, ca_key] = &files;
        let any = certificate.is_some() || private_key.is_some() || ca.is_some();
        match (chosen.as_str(), certificate.zip(private_key), ca) {
            ("off", _, _) => None,
            ("", _, _) => {
                if any {
                    self.errors.push(format!(
                        "{listener}_tls_… files are set without {mode} = tls or mtls: nothing would be encrypted"
                    ));
                }
                None
            }
            (_, None, _) => {
                let wanted = format!("{mode} = {chosen} takes {cert_key} and {key_key}");
                self.errors.push(wanted);
                None
            }
            ("mtls", _, None) => {
                let wanted = format!("{mode} = mtls takes {ca_key}: whom clients must come from");
                self.errors.push(wanted);
                None
            }
            ("tls", _, Some(_)) => {
                let idle = format!(
                    "{ca_key} is for {mode} = mtls: with tls nobody would be asked who they are"
                );
                self.errors.push(idle);
                None
            }
            (_, Some((cert_file, key_file)), client_ca_file) => Some(ServerTls {
                identity: Identity {
                    cert_file,
                    key_file,
                },
                client_ca_file,
            }),
        }
    }

    /// What `{peer}_tls_…` say; `by_url`: whether the peer's URL asks for TLS by its scheme.
    pub(super) fn client_tls(&mut self, peer: &str, by_url: bool) -> Option<ClientTls> {
        let key = |part: &str| format!("{peer}_tls_{part}");
        let mode = key("mode");
        let chosen = self.parse(
            &mode,
            None,
            "off, tls or mtls, or unset",
            |text| match text {
                "" => Some(None),
                "off" | "tls" | "mtls" => Some(Some(text.to_owned())),
                _ => None,
            },
        );
        let on = match chosen.as_deref() {
            None => by_url,
            Some("off") => false,
            Some(_) => true,
        };
        let files = ["ca_file", "cert_file", "key_file"].map(key);
        let [ca, certificate, private_key] = files
            .each_ref()
            .map(|file| Some(self.text(file)).filter(|path| !path.is_empty()))
            .map(|path| path.map(PathBuf::from));
        let [_, cert_key, key_key] = &files;
        if certificate.is_some() != private_key.is_some() {
            let both = format!("{cert_key} and {key_key} belong together: set both");
            self.errors.push(both);
        } else if chosen.as_deref() == Some("mtls") && certificate.is_none() {
            let wanted = format!("{mode} = mtls takes {cert_key} and {key_key}");
            self.errors.push(wanted);
        }
        if !on && by_url {
            let split = format!("{mode} is off, but {peer}_url asks for TLS");
            self.errors.push(split);
        } else if !on && chosen.is_none() && (ca.is_some() || certificate.is_some()) {
            let idle = format!(
                "{peer}_tls_… files are set without {mode} = tls: nothing would be encrypted"
            );
            self.errors.push(idle);
        }
        on.then(|| ClientTls {
            ca_file: ca,
            identity: certificate
                .zip(private_key)
                .map(|(cert_file, key_file)| Identity {
                    cert_file,
                    key_file,
                }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;
    use super::*;

    fn tls(environment: &[(&str, &str)]) -> Option<ClientTls> {
        let config = read(environment, &[]).unwrap();
        config.shared.redis.unwrap().tls
    }

    #[test]
    fn the_scheme_or_the_mode_asks_for_it() {
        let (plain, secure) = (("REDIS_URL", "redis://a"), ("REDIS_URL", "rediss://a"));
        assert_eq!(tls(&[plain]), None);
        assert_eq!(tls(&[plain, ("REDIS_TLS_MODE", "off")]), None);
        assert_eq!(tls(&[secure]), Some(ClientTls::default()));
        assert_eq!(
            tls(&[plain, ("REDIS_TLS_MODE", "tls")]),
            Some(ClientTls::default())
        );
        let mutual = tls(&[
            ("REDIS_HOST", "a"),
            ("REDIS_TLS_MODE", "mtls"),
            ("REDIS_TLS_CA_FILE", "ca.pem"),
            ("REDIS_TLS_CERT_FILE", "c.pem"),
            ("REDIS_TLS_KEY_FILE", "k.pem"),
        ]);
        let identity = Some(Identity {
            cert_file: "c.pem".into(),
            key_file: "k.pem".into(),
        });
        let ca_file = Some("ca.pem".into());
        assert_eq!(mutual, Some(ClientTls { ca_file, identity }));
    }

    #[test]
    fn a_listener_is_encrypted_where_its_mode_says_so() {
        let http = |environment: &[(&str, &str)]| {
            let config = read(environment, &[]).unwrap();
            config.listeners_tls.http
        };
        let files = [
            ("HTTP_TLS_CERT_FILE", "c.pem"),
            ("HTTP_TLS_KEY_FILE", "k.pem"),
        ];
        assert_eq!(http(&[]), None);
        assert_eq!(http(&[files[0], files[1], ("HTTP_TLS_MODE", "off")]), None);
        let identity = Identity {
            cert_file: "c.pem".into(),
            key_file: "k.pem".into(),
        };
        let one_sided = ServerTls {
            identity,
            client_ca_file: None,
        };
        let tls = http(&[files[0], files[1], ("HTTP_TLS_MODE", "tls")]);
        assert_eq!(tls.as_ref(), Some(&one_sided));
        let mutual = http(&[
            files[0],
            files[1],
            ("HTTP_TLS_MODE", "mtls"),
            ("HTTP_TLS_CA_FILE", "ca.pem"),
        ]);
        let both = ServerTls {
            client_ca_file: Some("ca.pem".into()),
            ..one_sided
        };
        assert_eq!(mutual, Some(both));
    }

    #[test]
    fn what_does_not_fit_a_listener_is_told() {
        let files = [
            ("GRPC_TLS_CERT_FILE", "c.pem"),
            ("GRPC_TLS_KEY_FILE", "k.pem"),
        ];
        for (environment, words) in [
            (&[("GRPC_TLS_MODE", "yes")][..], "off, tls or mtls"),
            (&[("GRPC_TLS_MODE", "tls")], "takes grpc_tls_cert_file"),
            (&[files[0], files[1]], "without grpc_tls_mode"),
            (
                &[files[0], files[1], ("GRPC_TLS_MODE", "mtls")],
                "takes grpc_tls_ca_file",
            ),
            (
                &[
                    files[0],
                    files[1],
                    ("GRPC_TLS_MODE", "tls"),
                    ("GRPC_TLS_CA_FILE", "a.pem"),
                ],
                "is for grpc_tls_mode = mtls",
            ),
        ] {
            let text = read(environment, &[]).unwrap_err().join("\n");
            assert!(text.contains(words), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_together_is_told() {
        for (environment, words) in [
            (&[("REDIS_TLS_MODE", "on")][..], "off, tls or mtls"),
            (&[("REDIS_TLS_MODE", "mtls")], "takes redis_tls_cert_file"),
            (
                &[("REDIS_TLS_CERT_FILE", "c.pem"), ("REDIS_TLS_MODE", "tls")],
                "set both",
            ),
            (&[("REDIS_TLS_CA_FILE", "ca.pem")], "without redis_tls_mode"),
            (
                &[("REDIS_URL", "rediss://a"), ("REDIS_TLS_MODE", "off")],
                "asks for TLS",
            ),
        ] {
            let mut environment = environment.to_vec();
            if !environment.iter().any(|(key, _)| *key == "REDIS_URL") {
                environment.push(("REDIS_HOST", "a"));
            }
            let text = read(&environment, &[]).unwrap_err().join("\n");
            assert!(text.contains(words), "{text}");
        }
    }
}
