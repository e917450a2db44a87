//! The other replicas: where they are looked for.

use super::reader::Reader;
use adapter_peers::Target;
use std::path::PathBuf;

/// What was chosen.
#[derive(Clone, Debug)]
pub(crate) struct Peers {
    /// Those that somebody listed.
    pub(crate) listed: Vec<Target>,
    /// Whether Kubernetes is asked where there is one.
    pub(crate) kubernetes: bool,
    pub(crate) label_selector: String,
    pub(crate) tls_ca_file: Option<PathBuf>,
    /// Empty: as the host is named.
    pub(crate) pod_name: String,
    pub(crate) node_name: String,
}

impl Reader<'_> {
    /// The other replicas; `encrypted`: whether this one's management port is, as theirs are then.
    pub(super) fn peers(&mut self, encrypted: bool) -> Peers {
        let must_be =
            "management ports of replicas, such as 10.10.0.12:9091,https://other.example:9091";
        let listed = self.parse("peers", Vec::new(), must_be, |text| {
            let named = text.split(',').map(str::trim).filter(|one| !one.is_empty());
            let parse = |one| Target::parse(one, encrypted).ok();
            named.map(parse).collect()
        });
        let kubernetes = self.parse(
            "peers_kubernetes",
            false,
            "auto or off",
            |text| match text {
                "auto" => Some(true),
                "off" => Some(false),
                _ => None,
            },
        );
        Peers {
            listed,
            kubernetes,
            label_selector: self.text_that_is_set("peers_label_selector"),
            tls_ca_file: self.file("peers_tls_ca_file"),
            pod_name: self.text("pod_name"),
            node_name: self.text("node_name"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::read;

    fn listed(environment: &[(&str, &str)]) -> Vec<String> {
        let peers = read(environment, &[]).unwrap().peers;
        peers.listed.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn nobody_is_listed_until_somebody_lists() {
        assert!(listed(&[]).is_empty());
        let two = [("PEERS", "10.10.0.12:9091, https://other.example:9091,")];
        assert_eq!(listed(&two), ["10.10.0.12:9091", "other.example:9091"]);
    }

    #[test]
    fn mistakes_are_told() {
        for environment in [
            ("PEERS", "10.10.0.12"),
            ("PEERS_KUBERNETES", "on"),
            ("PEERS_LABEL_SELECTOR", ""),
        ] {
            let errors = read(&[environment], &[]).unwrap_err();
            let named = |error: &String| error.contains(&environment.0.to_ascii_lowercase());
            assert!(errors.iter().all(named), "{errors:#?}");
        }
    }
}
