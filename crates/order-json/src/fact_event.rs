//! The schema of a fact as a `CloudEvent` in structured mode: one shape for each kind of data.

use crate::fact_data::{
    FactKind, PaymentData, PaymentNotice, ReturnData, ShipmentEnd, ShipmentStart, StockData,
};
use crate::message::{CANCEL, PLACE};
use crate::scalars::{EventIdText, TimestampText};
use order_core::domain::Fact;
use serde_json::{Value, json};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The schema of a fact in structured mode.
#[derive(Clone, Copy, Debug)]
pub struct FactEvent;

impl PartialSchema for FactEvent {
    fn schema() -> RefOr<Schema> {
        let kinds = [
            "PaymentData",
            "PaymentNotice",
            "StockData",
            "ShipmentStart",
            "ShipmentEnd",
            "ReturnData",
        ];
        let one = |schema: &&str| event_of(schema);
        let schema = json!({
            "description": "A fact as a CloudEvent in structured mode. Extension attributes are allowed.",
            "oneOf": kinds.iter().map(one).collect::<Vec<Value>>(),
        });
        serde_json::from_value(schema).unwrap_or_default()
    }
}

/// An event whose data is of this schema, of all types that have such data.
fn event_of(schema: &str) -> Value {
    let of_kind = |name: &&str| data_schema(name) == Some(schema);
    let types: Vec<&str> = Fact::type_names().filter(of_kind).collect();
    structured_event(&types, schema)
}

/// The schema of the data of messages of this type; `None` where no such message is known.
pub fn data_schema(type_name: &str) -> Option<&'static str> {
    match type_name {
        PLACE => Some("NewOrder"),
        CANCEL => Some("CancelCommand"),
        _ => FactKind::of(type_name).map(FactKind::schema_name),
    }
}

/// The schema of an event in structured mode that is of one of these types and has data of this schema.
pub fn structured_event(types: &[&str], schema: &str) -> Value {
    json!({
        "type": "object",
        "title": format!("{schema}Event"),
        "required": ["specversion", "type", "source", "id", "data"],
        "properties": {
            "specversion": {"type": "string", "title": "SpecVersion", "enum": ["1.0"]},
            "type": {"type": "string", "title": format!("{schema}EventType"), "enum": types},
            "source": {"$ref": "#/components/schemas/EventIdentifier"},
            "id": {"$ref": "#/components/schemas/EventIdentifier"},
            "subject": {"type": ["string", "null"]},
            "time": {"anyOf": [{"$ref": "#/components/schemas/Timestamp"}, {"type": "null"}]},
            "datacontenttype": {
                "type": ["string", "null"],
                "title": "DataContentType",
                "enum": ["application/json", null],
            },
            "dataschema": {"type": ["string", "null"]},
            "data": {"$ref": format!("#/components/schemas/{schema}")},
        },
        "propertyNames": {"type": "string", "pattern": "^([a-z0-9]{1,64})$"},
        "additionalProperties": {"type": ["string", "integer", "boolean", "null"]},
    })
}

impl ToSchema for FactEvent {
    fn name() -> std::borrow::Cow<'static, str> {
        "FactEvent".into()
    }

    fn schemas(list: &mut Vec<(String, RefOr<Schema>)>) {
        fn add<T: ToSchema>(list: &mut Vec<(String, RefOr<Schema>)>) {
            list.push((T::name().into_owned(), T::schema()));
            T::schemas(list);
        }
        add::<PaymentData>(list);
        add::<PaymentNotice>(list);
        add::<StockData>(list);
        add::<ShipmentStart>(list);
        add::<ShipmentEnd>(list);
        add::<ReturnData>(list);
        add::<EventIdText>(list);
        add::<TimestampText>(list);
    }
}
