//! The contract against the messages that the code itself makes and takes.

use super::{asyncapi, document, inbound};
use crate::config::{Config, Topics};
use order_core::domain::{EventData, Fact};
use order_json::{CANCEL, PLACE};
use serde_json::Value;
use std::collections::BTreeSet;

#[test]
fn every_topic_of_messages_is_a_channel_with_an_operation() {
    let document = document(&Config::at(""));
    let channels = document["channels"].as_object().unwrap();
    let told: BTreeSet<&str> = channels
        .values()
        .map(|channel| channel["address"].as_str().unwrap())
        .collect();
    let topics = Topics::default();
    let mut known: BTreeSet<&str> = topics.inbound().into();
    known.extend([&*topics.events, &topics.dead_letters]);
    assert_eq!(told, known);
    let operations = document["operations"].as_object().unwrap();
    for (id, channel) in channels {
        let target = format!("#/channels/{id}");
        let mut all = operations.values();
        let operation = all.find(|one| one["channel"]["$ref"] == *target).unwrap();
        let comes_in = topics
            .inbound()
            .contains(&channel["address"].as_str().unwrap());
        let action = if comes_in { "receive" } else { "send" };
        assert_eq!(operation["action"], action);
        let group = &operation["bindings"]["kafka"]["groupId"]["default"];
        assert_eq!(*group == "orders", comes_in);
        let made = &channel["bindings"]["kafka"];
        assert_eq!(
            (&made["partitions"], &made["replicas"]),
            (&6.into(), &3.into())
        );
        let settings = &made["topicConfiguration"];
        assert_eq!(settings["cleanup.policy"], serde_json::json!(["delete"]));
        assert_eq!(settings["retention.ms"], 7 * 24 * 60 * 60 * 1_000_u64);
        assert_eq!(settings["min.insync.replicas"], 2);
    }
}

/// Every type is told once, under its own name and on the topic of its kind.
#[test]
fn every_type_is_a_message() {
    let document = document(&Config::at(""));
    for name in Fact::type_names()
        .chain([PLACE, CANCEL])
        .chain(EventData::TYPE_NAMES.iter().copied())
    {
        let told = &document["components"]["messages"][name];
        assert_eq!(told["headers"]["properties"]["ce_type"]["const"], name);
        let channels = document["channels"].as_object().unwrap().values();
        let on: Vec<&Value> = channels
            .filter(|one| !one["messages"][name].is_null())
            .collect();
        assert_eq!(on.len(), 1, "{name}");
    }
    for channel in inbound::channels(&Config::at("")) {
        assert!(channel.messages.len() >= 4, "{channel:?}");
    }
}

/// Set: the file is written rather than compared with.
const WRITE: &str = "ASYNCAPI_WRITE";

#[test]
fn the_file_in_docs_is_this_document() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/asyncapi.json");
    let text = asyncapi() + "\n";
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    let mut lines = text.lines().zip(written.lines()).zip(1..);
    let differs = lines.find(|((here, there), _)| here != there);
    assert!(
        text == written,
        "docs/asyncapi.json is stale: `{WRITE}=1 cargo nextest run -p adapter-kafka -E 'test(the_file_in_docs)'` \
         writes it anew. The first difference: {differs:?}"
    );
}

#[test]
fn every_reference_points_somewhere() {
    fn walk(whole: &Value, value: &Value) {
        if let Some(pointer) = value["$ref"].as_str() {
            let target = whole.pointer(pointer.trim_start_matches('#'));
            assert!(target.is_some(), "{pointer}");
        }
        match value {
            Value::Object(map) => map.values().for_each(|one| walk(whole, one)),
            Value::Array(list) => list.iter().for_each(|one| walk(whole, one)),
            _ => {}
        }
    }
    let document: Value = serde_json::from_str(&asyncapi()).unwrap();
    walk(&document, &document);
}
