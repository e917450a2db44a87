//! The brokers, and what is consumed from them.

use super::reader::Reader;
use adapter_kafka::{InboundConfig, Tls};
use planes::Plane;
use std::path::PathBuf;

/// Kafka, where brokers are named.
#[derive(Clone, Debug)]
pub(crate) struct Kafka {
    /// How every client reaches it.
    pub(crate) client: adapter_kafka::Config,
    /// What comes in, unless this replica leaves that to others.
    pub(crate) inbound: Option<InboundConfig>,
}

impl Reader<'_> {
    /// Kafka by `data`; `None` where no broker is named.
    pub(super) fn kafka(&mut self, data: Plane) -> Option<Kafka> {
        let brokers = self.text("kafka_brokers");
        let cluster = self.text_that_is_set("kafka_cluster");
        let tls = self.kafka_tls();
        let group = match self.text("kafka_group") {
            group if group.is_empty() => cluster.clone(),
            group => group,
        };
        let inbound = self.flag("kafka_inbound");
        if brokers.is_empty() {
            return None;
        }
        let client = adapter_kafka::Config {
            plane: data,
            tls,
            cluster,
            ..adapter_kafka::Config::at(brokers)
        };
        let inbound = inbound.then(|| InboundConfig::in_group(group));
        Some(Kafka { client, inbound })
    }

    fn kafka_tls(&mut self) -> Option<Tls> {
        let [ca, certificate, key] = [
            "kafka_tls_ca_file",
            "kafka_tls_cert_file",
            "kafka_tls_key_file",
        ]
        .map(|name| Some(self.text(name)).filter(|path| !path.is_empty()));
        if certificate.is_some() != key.is_some() {
            self.errors.push(
                "kafka_tls_cert_file and kafka_tls_key_file belong together: set both or neither"
                    .to_owned(),
            );
        }
        if ca.is_none() && certificate.is_some() {
            self.errors.push(
                "kafka_tls_cert_file is of no use without kafka_tls_ca_file, which turns TLS on"
                    .to_owned(),
            );
        }
        let identity = certificate.zip(key);
        let identity = identity.map(|(certificate, key)| (certificate.into(), key.into()));
        ca.map(|ca| Tls {
            ca: PathBuf::from(ca),
            identity,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn without_brokers_there_is_no_kafka_and_a_group_is_the_cluster_by_default() {
        assert!(read(&[], &[]).unwrap().kafka.is_none());
        let kafka = |environment: &[(&str, &str)]| {
            let all = [&[("KAFKA_BROKERS", "10.20.0.5:9092")], environment].concat();
            read(&all, &[]).unwrap().kafka.unwrap()
        };
        let group = |kafka: super::Kafka| kafka.inbound.unwrap().group;
        assert_eq!(group(kafka(&[])), "orders");
        assert_eq!(group(kafka(&[("KAFKA_CLUSTER", "blue")])), "blue");
        assert_eq!(group(kafka(&[("KAFKA_GROUP", "g")])), "g");
        assert!(kafka(&[("KAFKA_INBOUND", "false")]).inbound.is_none());
        let bound = kafka(&[("DATA_INTERFACE", "net1")]);
        assert_eq!(bound.client.plane.interface(), Some("net1"));
    }

    #[test]
    fn half_an_identity_is_told() {
        for name in ["KAFKA_TLS_CERT_FILE", "KAFKA_TLS_KEY_FILE"] {
            let errors = read(&[(name, "/x.pem")], &[]).unwrap_err().join("\n");
            assert!(errors.contains("belong together"), "{errors}");
        }
    }
}
