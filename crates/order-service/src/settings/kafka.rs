//! The brokers.

use crate::setting::{Setting, file, setting};

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "kafka_brokers",
        "",
        "HOST:PORT,…",
        "Some of Kafka's brokers: events go there, facts and commands come from there; unset: the feed is kept and can be watched",
    ),
    setting(
        "kafka_tls_mode",
        "",
        "off|tls|mtls",
        "Whether the brokers' connections are encrypted; unset: where kafka_tls_ca_file is set",
    ),
    file(
        "kafka_tls_ca_file",
        "Whom the brokers' certificates must come from, PEM",
    ),
    file(
        "kafka_tls_cert_file",
        "The service's certificate for the brokers, PEM; with kafka_tls_key_file",
    ),
    file("kafka_tls_key_file", "The certificate's key"),
    setting(
        "kafka_cluster",
        "orders",
        "NAME",
        "Names this deployment at the brokers: its transactional ids, group and client ids begin so; another deployment needs a Kafka of its own, since topics have fixed names",
    ),
    setting(
        "kafka_create_topics",
        "true",
        "BOOL",
        "Whether topics that are missing are made",
    ),
    setting(
        "kafka_topic_partitions",
        "6",
        "COUNT",
        "Partitions of topics that are made: so many of their consumers work side by side",
    ),
    setting(
        "kafka_inbound",
        "true",
        "BOOL",
        "Whether this replica consumes facts and commands",
    ),
    setting(
        "kafka_group",
        "",
        "NAME",
        "The consumer group of facts and commands; unset: kafka_cluster",
    ),
    setting(
        "feed_lease",
        "5s",
        "TIME",
        "How soon another replica publishes on when one dies",
    ),
];
