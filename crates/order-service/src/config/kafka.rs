//! The brokers, and what is consumed from them; nothing where no broker is named.

use super::reader::Reader;
use adapter_kafka::{Config, InboundConfig, NewTopics, Tls};
use planes::{BlockingResolver, Plane};

/// Partitions of a topic at most; of more, somebody who knows why makes the topic.
const MAX_TOPIC_PARTITIONS: u32 = 256;

/// Kafka, where brokers are named.
#[derive(Clone, Debug)]
pub(crate) struct Kafka {
    /// How every client reaches it.
    pub(crate) client: Config,
    /// What comes in, unless this replica leaves that to others.
    pub(crate) inbound: Option<InboundConfig>,
}

impl Reader<'_> {
    /// Kafka by `data`, its brokers' names asked by `dns`, for a feed of so many partitions.
    pub(super) fn kafka(
        &mut self,
        data: Plane,
        dns: &Plane,
        feed_partitions: u32,
    ) -> Option<Kafka> {
        let create_topics = self.flag("kafka_create_topics");
        let partitions = self.count_up_to("kafka_topic_partitions", MAX_TOPIC_PARTITIONS);
        let cluster = self.cluster();
        let tls = self.kafka_tls();
        let group = match self.text("kafka_group") {
            group if group.is_empty() => cluster.clone(),
            group => group,
        };
        let inbound = self.flag("kafka_inbound");
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
            partitions,
            cursor_partitions: feed_partitions,
            ..NewTopics::default()
        };
        let client = Config {
            plane: data,
            resolver: BlockingResolver::new(dns.clone()),
            tls,
            cluster,
            create_topics,
            new_topics,
            ..Config::at(brokers)
        };
        let inbound = inbound.then(|| InboundConfig::in_group(group));
        Some(Kafka { client, inbound })
    }

    fn cluster(&mut self) -> String {
        let letter = |letter: char| letter.is_ascii_alphanumeric() || ".-_".contains(letter);
        let must_be = "1 to 100 letters, digits, dots, dashes and underscores";
        self.parse("kafka_cluster", String::new(), must_be, |text| {
            let fits = (1..=100).contains(&text.len()) && text.chars().all(letter);
            fits.then(|| text.to_owned())
        })
    }

    /// An authority's file asks for TLS by itself, unless the mode says otherwise.
    fn kafka_tls(&mut self) -> Option<Tls> {
        let by_file =
            self.text("kafka_tls_mode").is_empty() && !self.text("kafka_tls_ca_file").is_empty();
        let files = self.client_tls("kafka", by_file)?;
        if files.ca_file.is_none() {
            self.errors.push(
                "kafka_tls_mode takes kafka_tls_ca_file: whom the brokers' certificates must come from"
                    .to_owned(),
            );
        }
        Some(Tls {
            ca: files.ca_file?,
            identity: files
                .identity
                .map(|identity| (identity.cert_file, identity.key_file)),
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
        let kafka = config.kafka.unwrap().client;
        assert_eq!(
            (kafka.brokers.as_str(), kafka.cluster.as_str()),
            ("a:9092, b:9093", "orders")
        );
        assert!(kafka.create_topics && kafka.tls.is_none());
        assert_eq!(kafka.new_topics.partitions, 6);
    }

    #[test]
    fn a_group_is_the_cluster_by_default() {
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
        let named = kafka(&[("DNS_PLANE", "storage"), ("STORAGE_INTERFACE", "net2")]);
        assert_eq!(named.client.resolver.plane().interface(), Some("net2"));
    }

    #[test]
    fn an_authority_or_the_mode_asks_for_tls() {
        let tls = |environment: &[(&str, &str)]| {
            let all = [&[("KAFKA_BROKERS", "10.20.0.5:9092")], environment].concat();
            read(&all, &[]).unwrap().kafka.unwrap().client.tls
        };
        let ca = ("KAFKA_TLS_CA_FILE", "ca.pem");
        assert!(tls(&[]).is_none());
        assert!(tls(&[ca]).is_some());
        assert!(tls(&[ca, ("KAFKA_TLS_MODE", "tls")]).is_some());
        assert!(tls(&[ca, ("KAFKA_TLS_MODE", "off")]).is_none());
    }

    #[test]
    fn mistakes_are_told() {
        for (name, value) in [
            ("KAFKA_BROKERS", "a"),
            ("KAFKA_BROKERS", "a:9092,"),
            ("KAFKA_CLUSTER", "a b"),
            ("KAFKA_CREATE_TOPICS", "yes"),
            ("KAFKA_TOPIC_PARTITIONS", "0"),
            ("KAFKA_TLS_CERT_FILE", "c.pem"),
            ("KAFKA_TLS_MODE", "tls"),
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
