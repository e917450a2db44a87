//! A message: its headers, its payload, its key.

use crate::headers::CE_ID;
use serde_json::{Map, Value, json};

/// The version of the Kafka bindings of `AsyncAPI`.
pub(super) const BINDING: &str = "0.5.0";

/// A message as the contract tells it.
#[derive(Debug)]
pub(super) struct Message {
    /// Its key in `components.messages` and in its channel.
    pub(super) id: String,
    pub(super) description: String,
    pub(super) content_type: &'static str,
    pub(super) headers: Headers,
    pub(super) payload: Value,
    /// The schema of the key.
    pub(super) key: Value,
    /// Which of the document's correlation ids.
    pub(super) correlation: Option<Correlation>,
    /// Headers and payload of one such message.
    pub(super) example: Option<Value>,
}

/// Where a message says to what it belongs.
#[derive(Clone, Copy, Debug)]
pub(super) enum Correlation {
    /// The id of a fact or command, in a header.
    Header,
    /// The same, in the event that the value is.
    Structured,
    /// What an event was caused by.
    Cause,
}

impl Correlation {
    const ALL: [Correlation; 3] = [
        Correlation::Header,
        Correlation::Structured,
        Correlation::Cause,
    ];

    const fn id(self) -> &'static str {
        match self {
            Correlation::Header => "idInHeader",
            Correlation::Structured => "idInEvent",
            Correlation::Cause => "cause",
        }
    }

    fn told(self) -> Value {
        let own = "With `source` it names the fact or command; the events that it causes have both in `cause`.";
        let (location, description) = match self {
            Correlation::Header => (format!("$message.header#/{CE_ID}"), own),
            Correlation::Structured => ("$message.payload#/id".to_owned(), own),
            Correlation::Cause => (
                "$message.payload#/cause/id".to_owned(),
                "`id` of the fact, or the idempotency key of the command, that caused the event; its `source` stands beside it.",
            ),
        };
        json!({"location": location, "description": description})
    }
}

/// The document's `components.correlationIds`.
pub(super) fn correlation_ids() -> Value {
    let told = |one: Correlation| (one.id().to_owned(), one.told());
    Correlation::ALL
        .map(told)
        .into_iter()
        .collect::<Map<_, _>>()
        .into()
}

impl Message {
    /// Its entry in `components.messages`.
    pub(super) fn told(&self, tag: &str) -> Value {
        let mut told = json!({
            "name": self.id,
            "title": self.id,
            "description": self.description,
            "contentType": self.content_type,
            "headers": self.headers.schema(),
            "payload": self.payload,
            "tags": [{"name": tag}],
            "bindings": {"kafka": {"key": self.key, "bindingVersion": BINDING}},
        });
        if let Some(correlation) = self.correlation {
            let target = format!("#/components/correlationIds/{}", correlation.id());
            told["correlationId"] = json!({"$ref": target});
        }
        if let Some(example) = &self.example {
            told["examples"] = json!([example]);
        }
        told
    }
}

/// The headers of a message; there may be others.
#[derive(Clone, Debug, Default)]
pub(super) struct Headers {
    required: Vec<&'static str>,
    properties: Map<String, Value>,
    /// Others belong to the message too.
    others: bool,
}

impl Headers {
    /// One that is always there.
    pub(super) fn with(mut self, name: &'static str, schema: Value) -> Headers {
        self.required.push(name);
        self.or(name, schema)
    }

    /// One that may be there.
    pub(super) fn or(mut self, name: &str, schema: Value) -> Headers {
        self.properties.insert(name.to_owned(), schema);
        self
    }

    /// Whatever other headers there are belongs to the message.
    pub(super) fn and_others(mut self) -> Headers {
        self.others = true;
        self
    }

    fn schema(&self) -> Value {
        let mut schema = json!({"type": "object", "properties": self.properties});
        if !self.required.is_empty() {
            schema["required"] = json!(self.required);
        }
        if self.others {
            schema["additionalProperties"] = json!({"type": "string"});
        }
        schema
    }
}

/// A schema of `components.schemas`.
pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// A header that always has this value.
pub(super) fn always(value: &str) -> Value {
    json!({"type": "string", "const": value})
}

/// A header whose value is a whole number.
pub(super) fn number(least: u8, description: &str) -> Value {
    json!({
        "type": "string",
        "pattern": if least == 0 { "^(0|[1-9][0-9]*)$" } else { "^[1-9][0-9]*$" },
        "description": description,
    })
}

/// The schemas that headers of several messages share.
pub(super) fn schemas() -> [(String, Value); 2] {
    let trace = json!({
        "type": "string",
        "description": "W3C trace context. One that is not valid is ignored, and none is sent on.",
        "examples": ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
    });
    let json_media = json!({
        "type": "string",
        "pattern": "^application/json( *;.*)?$",
        "description": "JSON, also where the header is not there; parameters are allowed.",
        "examples": [crate::headers::JSON],
    });
    [
        (TRACE.to_owned(), trace),
        (JSON_MEDIA.to_owned(), json_media),
    ]
}

/// Names of those.
pub(super) const TRACE: &str = "TraceParent";
pub(super) const JSON_MEDIA: &str = "JsonMediaType";
