//! How peers are trusted that the service connects to.

use super::reader::Reader;
use std::path::PathBuf;
use tls::{ClientTls, Identity};

impl Reader<'_> {
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
            let split = format!("{mode} is off, but the scheme of {peer}_url asks for TLS");
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
