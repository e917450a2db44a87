//! A topic: its address, how it is made, what is on it, and what the service does with it.

use super::message::{BINDING, Message};
use crate::config::Config;
use crate::topics::Wanted;
use serde_json::{Map, Value, json};

/// A topic as the contract tells it.
#[derive(Debug)]
pub(super) struct Channel {
    /// Its key in `channels`.
    pub(super) id: &'static str,
    /// The topic's name.
    pub(super) address: String,
    /// What it carries.
    pub(super) description: &'static str,
    /// What the service does with it, and how that is called.
    pub(super) action: Action,
    pub(super) operation: &'static str,
    /// Which of the document's tags.
    pub(super) tag: &'static str,
    pub(super) messages: Vec<Message>,
}

/// What the service does with a topic's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Receive,
    Send,
}

impl Channel {
    /// Key and value of its entry in `channels`.
    pub(super) fn told(&self, config: &Config) -> (String, Value) {
        let reference = |message: &Message| {
            let target = format!("#/components/messages/{}", message.id);
            (message.id.clone(), json!({"$ref": target}))
        };
        let messages: Map<String, Value> = self.messages.iter().map(reference).collect();
        let told = json!({
            "address": self.address,
            "title": self.address,
            "description": self.description,
            "messages": messages,
            "tags": [{"name": self.tag}],
            "bindings": {"kafka": binding(config, &self.address)},
        });
        (self.id.to_owned(), told)
    }

    /// Key and value of its entry in `operations`.
    pub(super) fn operation(&self, config: &Config) -> (String, Value) {
        let reference = |message: &Message| {
            let target = format!("#/channels/{}/messages/{}", self.id, message.id);
            json!({"$ref": target})
        };
        let messages: Vec<Value> = self.messages.iter().map(reference).collect();
        let action = match self.action {
            Action::Receive => "receive",
            Action::Send => "send",
        };
        let mut told = json!({
            "action": action,
            "channel": {"$ref": format!("#/channels/{}", self.id)},
            "summary": self.description,
            "messages": messages,
            "tags": [{"name": self.tag}],
        });
        if self.action == Action::Receive {
            let group = json!({
                "type": "string",
                "description": "The setting KAFKA_GROUP, or KAFKA_CLUSTER where that is unset",
                "default": config.cluster,
            });
            told["bindings"] = json!({"kafka": {"groupId": group, "bindingVersion": BINDING}});
        }
        (self.operation.to_owned(), told)
    }

    /// Keys and values of its entries in `components.messages`.
    pub(super) fn messages(&self) -> impl Iterator<Item = (String, Value)> {
        let told = |message: &Message| (message.id.clone(), message.told(self.tag));
        self.messages.iter().map(told)
    }
}

/// How the topic is made, by the very settings that it gets.
fn binding(config: &Config, topic: &str) -> Value {
    let wanted = Wanted::of_messages(config, topic);
    let replicas = config.new_topics.most_replicas;
    let mut settings = Map::new();
    for (key, value) in wanted.settings(&config.new_topics, replicas) {
        // Policies are a list by the binding; what looks like a number is one.
        let value = match value.parse::<u64>() {
            Ok(number) => number.into(),
            Err(_) if key == "cleanup.policy" => json!([value]),
            Err(_) => value.into(),
        };
        settings.insert(key.to_owned(), value);
    }
    json!({
        "topic": wanted.name,
        "partitions": wanted.partitions,
        "replicas": replicas,
        "topicConfiguration": settings,
        "bindingVersion": BINDING,
    })
}
