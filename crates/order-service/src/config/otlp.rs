//! The collector of traces and logs; nothing where none is named.

use super::reader::Reader;
use adapter_otlp::Config;
use planes::{Plane, Resolver};

impl Reader<'_> {
    /// The collector, by `management`.
    pub(super) fn otlp(&mut self, management: &Plane, resolver: &Resolver) -> Option<Config> {
        let endpoint = self.text("otlp_endpoint");
        let tls = self.client_tls("otlp", endpoint.starts_with("https://"));
        if endpoint.is_empty() {
            return None;
        }
        let must_be = "HOST:PORT, with or without http:// or https:// before it";
        self.parse("otlp_endpoint", None, must_be, |text| {
            let config = Config::at(text, tls.clone(), management.clone(), resolver.clone());
            config.ok().map(Some)
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::read;

    fn endpoint(environment: &[(&str, &str)]) -> Option<String> {
        let otlp = read(environment, &[]).unwrap().otlp;
        otlp.map(|config| config.endpoint.to_string())
    }

    #[test]
    fn nothing_is_shipped_until_a_collector_is_named() {
        assert_eq!(endpoint(&[]), None);
        let named = [("OTLP_ENDPOINT", "10.10.0.4"), ("MGMT_INTERFACE", "net1")];
        let config = read(&named, &[]).unwrap().otlp.unwrap();
        assert_eq!(config.endpoint, "http://10.10.0.4:4317/");
        assert_eq!(config.plane.interface(), Some("net1"));
        assert!(config.tls.is_none());
    }

    #[test]
    fn the_scheme_or_the_mode_asks_for_tls() {
        let with = |endpoint: &'static str| ("OTLP_ENDPOINT", endpoint);
        let mode = |mode: &'static str| ("OTLP_TLS_MODE", mode);
        let told = |environment: &[(&str, &str)]| endpoint(environment).unwrap();
        assert_eq!(told(&[with("https://c:1")]), "https://c:1/");
        assert_eq!(told(&[with("c:1"), mode("tls")]), "https://c:1/");
        assert_eq!(told(&[with("http://c:1"), mode("off")]), "http://c:1/");
    }

    #[test]
    fn mistakes_are_told() {
        for environment in [
            &[("OTLP_ENDPOINT", "c:0")][..],
            &[("OTLP_ENDPOINT", "https://c/v1/traces")],
            &[("OTLP_ENDPOINT", "https://c"), ("OTLP_TLS_MODE", "off")],
            &[("OTLP_ENDPOINT", "c"), ("OTLP_TLS_CA_FILE", "ca.pem")],
            &[("OTLP_ENDPOINT", "c"), ("OTLP_TLS_MODE", "mtls")],
        ] {
            let errors = read(environment, &[]).unwrap_err();
            let named = |error: &String| error.contains("otlp_");
            assert!(errors.iter().all(named), "{errors:#?}");
        }
    }
}
