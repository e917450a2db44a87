//! How Kafka is reached; nothing where no broker is named.

use super::reader::Reader;
use adapter_kafka::{Config, NewTopics, Tls};
use planes::Plane;
use std::path::PathBuf;

impl Reader<'_> {
    /// Kafka by `data`, for a feed of so many partitions.
    pub(super) fn kafka(&mut self, data: Plane, feed_partitions: u32) -> Option<Config> {
        let create_topics = self.flag("kafka_create_topics");
        let cluster = self.cluster();
        let tls = self.kafka_tls();
        let brokers = self.text("kafka_brokers");
        if brokers.is_empty() {
            return None;
        }
        let named = |broker: &str| {
            let (host, port) = broker.trim().rsplit_once(':')?;
            let port: u16 = port.parse().ok()?;
            (!host.is_empty() && port > 0).then_some(())
        };
        let must_be = "HOST:PORT, several separated by commas";
        let brokers = self.parse("kafka_brokers", brokers.clone(), must_be, |text| {
            text.split(',')
                .all(|broker| named(broker).is_some())
                .then_some(brokers)
        });
        let new_topics = NewTopics {
            cursor_partitions: feed_partitions,
            ..NewTopics::default()
        };
        Some(Config {
            plane: data,
            tls,
            cluster,
            create_topics,
            new_topics,
            ..Config::at(brokers)
        })
    }

    fn cluster(&mut self) -> String {
        let letter = |letter: char| letter.is_ascii_alphanumeric() || ".-_".contains(letter);
        let must_be = "1 to 100 letters, digits, dots, dashes and underscores";
        self.parse("kafka_cluster", String::new(), must_be, |text| {
            let fits = (1..=100).contains(&text.len()) && text.chars().all(letter);
            fits.then(|| text.to_owned())
        })
    }

    fn kafka_tls(&mut self) -> Option<Tls> {
        let [ca, certificate, key] = [
            "kafka_tls_ca_file",
            "kafka_tls_cert_file",
            "kafka_tls_key_file",
        ]
        .map(|key| Some(self.text(key)).filter(|path| !path.is_empty()));
        if certificate.is_some() != key.is_some() {
            self.errors.push(
                "kafka_tls_cert_file and kafka_tls_key_file belong together: set both".to_owned(),
            );
        }
        if ca.is_none() && certificate.is_some() {
            self.errors.push(
                "kafka_tls_cert_file is set, but not kafka_tls_ca_file, without which there is no TLS"
                    .to_owned(),
            );
        }
        let identity = certificate.zip(key);
        Some(Tls {
            ca: PathBuf::from(ca?),
            identity: identity.map(|(certificate, key)| (certificate.into(), key.into())),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::read;

    #[test]
    fn kafka_is_off_until_a_broker_is_named() {
        assert!(read(&[], &[]).unwrap().kafka.is_none());
        let config = read(&[("KAFKA_BROKERS", "a:9092, b:9093")], &[]).unwrap();
        let kafka = config.kafka.unwrap();
        assert_eq!(
            (kafka.brokers.as_str(), kafka.cluster.as_str()),
            ("a:9092, b:9093", "orders")
        );
        assert!(kafka.create_topics && kafka.tls.is_none());
    }

    #[test]
    fn mistakes_are_told() {
        for (name, value) in [
            ("KAFKA_BROKERS", "a"),
            ("KAFKA_BROKERS", "a:9092,"),
            ("KAFKA_CLUSTER", "a b"),
            ("KAFKA_CREATE_TOPICS", "yes"),
            ("KAFKA_TLS_CERT_FILE", "c.pem"),
            ("FEED_LEASE", "10ms"),
        ] {
            let errors = read(&[(name, value)], &[]).unwrap_err();
            let key = name.to_ascii_lowercase();
            assert!(
                errors
                    .iter()
                    .all(|error| error.contains(&key) || error.contains("kafka_tls")),
                "{errors:#?}"
            );
        }
    }
}
