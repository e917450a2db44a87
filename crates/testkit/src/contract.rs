//! Messages held against an `AsyncAPI` document: which message of its channel one is, or why it is none.

use crate::json_schema::{faults, faults_and_untold};
use serde_json::{Map, Value};

/// The document.
#[derive(Clone, Debug)]
pub struct Contract {
    document: Value,
}

/// A message as it stands in a topic; headers as text.
#[derive(Clone, Copy, Debug)]
pub struct Carried<'a> {
    /// The topic's name.
    pub topic: &'a str,
    /// The key, where there is one.
    pub key: Option<&'a str>,
    /// Names and values.
    pub headers: &'a [(&'a str, &'a str)],
    /// The bytes.
    pub value: &'a [u8],
}

impl Contract {
    /// Of the document as the command line prints it.
    ///
    /// # Panics
    /// If it is no JSON.
    pub fn of(text: &str) -> Contract {
        let document = serde_json::from_str(text);
        let document = document.unwrap_or_else(|error| panic!("the document is no JSON: {error}"));
        Contract { document }
    }

    /// The document itself.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// The one message of the channel that this is. Members and headers that are not told are no fault of
    /// what comes in, and one of what goes out. The error tells what each message finds wrong.
    pub fn message_of(&self, carried: &Carried<'_>) -> Result<&str, String> {
        let (id, channel) = self.channel(carried.topic)?;
        let ours = self.operation(id)["action"] == "send";
        let mut fitting = Vec::new();
        let mut wrong = Vec::new();
        for (name, reference) in members(&channel["messages"]) {
            let message = self.target(reference);
            let all = self.faults(message, carried, ours);
            if all.is_empty() {
                fitting.push(name.as_str());
            } else {
                wrong.push((all.len(), format!("{name}: {}", all.join("; "))));
            }
        }
        // What it was meant to be is what has the least against it.
        wrong.sort();
        match (fitting.as_slice(), wrong.first()) {
            ([one], _) => Ok(one),
            ([], Some((_, nearest))) => Err(nearest.clone()),
            _ => Err(format!("it is {} of {}", fitting.len(), carried.topic)),
        }
    }

    fn faults(&self, message: &Value, carried: &Carried<'_>, ours: bool) -> Vec<String> {
        let check = if ours { faults_and_untold } else { faults };
        let headers: Map<String, Value> = carried
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).into()))
            .collect();
        let mut all = check(
            &self.document,
            &message["headers"],
            &headers.into(),
            "headers",
        );
        if let Some(key) = carried.key {
            let schema = &message["bindings"]["kafka"]["key"];
            all.extend(check(&self.document, schema, &key.into(), "key"));
        }
        let payload = &message["payload"];
        let is_json = message["contentType"]
            .as_str()
            .is_some_and(|media| media.ends_with("json"));
        if is_json {
            match serde_json::from_slice(carried.value) {
                Ok(value) => all.extend(check(&self.document, payload, &value, "payload")),
                Err(error) => all.push(format!("the value is no JSON: {error}")),
            }
        }
        all
    }

    fn channel(&self, topic: &str) -> Result<(&str, &Value), String> {
        let mut all = members(&self.document["channels"]);
        let found = all.find(|(_, channel)| channel["address"] == topic);
        let (id, channel) = found.ok_or_else(|| format!("no channel tells of {topic}"))?;
        Ok((id, channel))
    }

    fn operation(&self, channel: &str) -> &Value {
        let target = format!("#/channels/{channel}");
        let mut all = members(&self.document["operations"]);
        let found = all.find(|(_, one)| one["channel"]["$ref"] == *target);
        found.map_or(&Value::Null, |(_, operation)| operation)
    }

    fn target(&self, reference: &Value) -> &Value {
        let pointer = reference["$ref"].as_str().unwrap_or_default();
        let target = self.document.pointer(pointer.trim_start_matches('#'));
        target.unwrap_or(&Value::Null)
    }
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}
