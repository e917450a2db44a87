//! The contract of the topics for machines: `AsyncAPI` 3.0 (<https://www.asyncapi.com/docs/reference/specification/v3.0.0>),
//! made of what the code itself uses: names of topics and their settings, names of headers, the types of
//! events, facts and commands, and the schemas of `order-json`. What a topic's settings are by default is
//! told, not what they are at some broker.
//!
//! `inbound.rs` and `outbound.rs` tell the messages, `channel.rs` puts them on their topics.

mod channel;
mod inbound;
mod message;
mod outbound;

use crate::config::Config;
use channel::Channel;
use serde_json::{Map, Value, json};

const DESCRIPTION: &str = "Facts and commands come in, every event of every order goes out, all of them \
CloudEvents 1.0 by the Kafka protocol binding.\n\n\
**In.** Binary mode (attributes are headers `ce_…`, the value is the data) and structured mode (the value is \
the whole event) are both read; data is JSON or, of facts in binary mode, protobuf. A fact or command counts \
once however often it comes, by `source` and `id`; facts may come late, in any order, and before their order. \
Topics are a convention of producers: any fact or command is taken from any of the topics that come in. A \
message that cannot be understood goes to the dead-letter topic untouched. Extensions beyond those told here \
are allowed, and ignored.\n\n\
**Out.** Each event is published once and in order of its order: read with `isolation.level=read_committed`. \
`ce_orderversion` is contiguous from 1 in each order, so a consumer can prove that it has no gap; \
`ce_position` is the same token as `after` of `GET /v1/changes`. `cause` of an event names the `source` and \
`id` of the fact or command that caused it, and `traceparent` is its trace. Consumers ignore members and \
headers that they do not know: more may come in a version of the same name.\n\n\
Amounts are whole minor units of their currency, written without a fraction or exponent (`1999`, not `1999.0`).";

/// The contract as JSON, for the command line: topics, groups and partitions as they are unless settings
/// say otherwise.
pub fn asyncapi() -> String {
    format!("{:#}", document(&Config::at("")))
}

fn document(config: &Config) -> Value {
    let channels: Vec<Channel> = inbound::channels(config)
        .into_iter()
        .chain(outbound::channels(config))
        .collect();
    let each = |told: fn(&Channel, &Config) -> (String, Value)| -> Map<String, Value> {
        channels
            .iter()
            .map(|channel| told(channel, config))
            .collect()
    };
    let messages = channels.iter().flat_map(Channel::messages);
    let messages: Map<String, Value> = messages.collect();
    let mut schemas = order_json::message_schemas();
    schemas.extend(message::schemas());
    json!({
        "asyncapi": "3.0.0",
        "id": "urn:order-service:kafka",
        "info": {
            "title": "Order service: Kafka",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "contact": {"name": "The maintainers of the order service"},
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
            "tags": [
                {"name": "facts", "description": "What happened outside: money, stock, parcels"},
                {"name": "commands", "description": "What is asked of orders"},
                {"name": "events", "description": "What happened to orders"},
                {"name": "dead letters", "description": "What could not be understood"},
            ],
        },
        "defaultContentType": crate::headers::JSON,
        "servers": {
            "plain": server("kafka", "Not encrypted: the setting KAFKA_TLS_MODE is off", &[]),
            "tls": server("kafka-secure", "KAFKA_TLS_MODE is tls: brokers show a certificate", &[]),
            "mtls": server(
                "kafka-secure",
                "KAFKA_TLS_MODE is mtls: clients show a certificate as well",
                &[json!({"$ref": "#/components/securitySchemes/certificate"})],
            ),
        },
        "channels": each(Channel::told),
        "operations": each(Channel::operation),
        "components": {
            "serverVariables": {"broker": {
                "description": "host:port of one of the brokers, as in KAFKA_BROKERS; it tells the others",
                "default": "localhost:9092",
            }},
            "securitySchemes": {"certificate": {
                "type": "X509",
                "description": "A client's certificate, in PEM: KAFKA_TLS_CERT_FILE and KAFKA_TLS_KEY_FILE",
            }},
            "correlationIds": message::correlation_ids(),
            "messages": messages,
            "schemas": schemas,
        },
    })
}

fn server(protocol: &str, description: &str, security: &[Value]) -> Value {
    let mut server = json!({
        "host": "{broker}",
        "protocol": protocol,
        "description": description,
        "variables": {"broker": {"$ref": "#/components/serverVariables/broker"}},
    });
    if !security.is_empty() {
        server["security"] = security.into();
    }
    server
}

#[cfg(test)]
mod tests;
