//! The schemas of the messages that a queue carries, in and out, for a contract that is no `OpenAPI`:
//! JSON Schema in the words of draft 07, which is what `AsyncAPI` 3.0 reads.

use crate::NewOrder;
use crate::commands::CancelCommand;
use crate::event_data::{EventDataView, ReducedEventDataView};
use crate::fact_event::FactEvent;
use crate::scalars::{ExternalId, KeyText, OrderIdText, PositionText};
use crate::schemas::{collect, refine};
use order_core::domain::EventData;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

/// Members of an event's data that every type has.
const COMMON: [&str; 4] = ["order_id", "version", "cause", "order"];
/// The schema of the data of all types, which a type's own is cut from.
const ANY_EVENT: &str = "OrderEventData";

/// The members that only this type of event has.
fn own_members(type_name: &str) -> &'static [&'static str] {
    match type_name {
        "order.rejected.v1" | "order.cancellation_requested.v1" | "order.cancelled.v1" => {
            &["reason"]
        }
        "order.amended.v1" => &["fields"],
        "order.lines_cancelled.v1" => &["lines", "reason"],
        "order.held.v1" | "order.released.v1" => &["hold"],
        "order.payment_changed.v1" | "order.fulfillment_changed.v1" | "order.return_changed.v1" => {
            &["fact"]
        }
        "order.refund_due.v1" => &["amount", "currency"],
        "order.stock_release_due.v1" => &["reservation_ids"],
        "order.payment_release_due.v1" => &["payments"],
        _ => &[],
    }
}

/// The name of the schema of an event's data: `OrderLinesCancelledData` of `order.lines_cancelled.v1`.
pub fn event_data_schema(type_name: &str) -> String {
    let stem = type_name.trim_end_matches(".v1");
    let words = stem.split(['.', '_']).map(|word| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        format!("{}{rest}", first.to_ascii_uppercase())
    });
    format!("{}Data", words.collect::<String>())
}

/// Every schema that messages of a queue refer to as `#/components/schemas/{name}`, by its name: data of
/// facts and commands, data of each type of event ([`event_data_schema`]), of an event that was too large
/// for its topic (`ReducedOrderEventData`), and of the attributes.
pub fn message_schemas() -> Map<String, Value> {
    let mut document = json!({"components": {"schemas": all()}});
    refine(&mut document);
    let Value::Object(mut schemas) = document["components"]["schemas"].take() else {
        return Map::new();
    };
    let any = schemas.remove(ANY_EVENT).unwrap_or_default();
    for type_name in EventData::TYPE_NAMES {
        schemas.insert(event_data_schema(type_name), of_type(&any, type_name));
    }
    schemas.values_mut().for_each(in_draft_07);
    schemas
}

fn all() -> Map<String, Value> {
    let mut list: Vec<(String, RefOr<Schema>)> = Vec::new();
    FactEvent::schemas(&mut list);
    collect::<NewOrder>(&mut list);
    collect::<CancelCommand>(&mut list);
    collect::<EventDataView<'_>>(&mut list);
    collect::<ReducedEventDataView>(&mut list);
    collect::<KeyText>(&mut list);
    collect::<OrderIdText>(&mut list);
    collect::<ExternalId>(&mut list);
    collect::<PositionText>(&mut list);
    let as_json = |schema| serde_json::to_value(schema).unwrap_or_default();
    let named = list.into_iter();
    named
        .map(|(name, schema)| (name, as_json(schema)))
        .collect()
}

/// Cut from the schema of all types: the members of this one, each of which it has.
fn of_type(any: &Value, type_name: &str) -> Value {
    let members: Vec<&str> = own_members(type_name)
        .iter()
        .chain(&COMMON)
        .copied()
        .collect();
    let described = members.iter().map(|name| (*name).to_owned());
    let properties = described.map(|name| {
        let schema = any["properties"][&name].clone();
        (name, schema)
    });
    json!({
        "type": "object",
        "description": format!("Data of `{type_name}`."),
        "required": members,
        "properties": properties.collect::<Map<String, Value>>(),
    })
}

/// `OpenAPI`'s `example` is one of JSON Schema's `examples`.
fn in_draft_07(schema: &mut Value) {
    let members = match schema {
        Value::Object(members) => members,
        Value::Array(list) => return list.iter_mut().for_each(in_draft_07),
        _ => return,
    };
    if let Some(example) = members.remove("example") {
        members.insert("examples".to_owned(), json!([example]));
    }
    for (keyword, value) in members {
        match keyword.as_str() {
            // Names of members, not keywords.
            "properties" => value.as_object_mut().into_iter().for_each(|named| {
                named.values_mut().for_each(in_draft_07);
            }),
            // Values, not schemas.
            "examples" | "enum" | "const" | "default" => {}
            _ => in_draft_07(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_schema;
    use order_core::domain::Fact;
    use utoipa::PartialSchema as _;

    #[test]
    fn every_message_has_a_schema_and_every_schema_is_reached() {
        let schemas = message_schemas();
        let incoming = Fact::type_names().chain([crate::PLACE, crate::CANCEL]);
        let mut reached: Vec<String> = incoming
            .map(|name| data_schema(name).unwrap().to_owned())
            .collect();
        let outgoing = EventData::TYPE_NAMES.iter();
        reached.extend(outgoing.map(|name| event_data_schema(name)));
        reached.extend(ATTRIBUTES.map(str::to_owned));
        let mut next = 0;
        while let Some(name) = reached.get(next).cloned() {
            next += 1;
            let schema = schemas
                .get(&name)
                .unwrap_or_else(|| panic!("no schema {name}"));
            for one in references(schema) {
                if !reached.contains(&one) {
                    reached.push(one);
                }
            }
        }
        for name in schemas.keys() {
            assert!(reached.contains(name), "nothing refers to {name}");
        }
    }

    const ATTRIBUTES: [&str; 7] = [
        "ReducedOrderEventData",
        "IdempotencyKey",
        "OrderId",
        "ExternalId",
        "Position",
        "Timestamp",
        "EventIdentifier",
    ];

    fn references(schema: &Value) -> Vec<String> {
        let text = schema.to_string();
        let parts = text.split("#/components/schemas/").skip(1);
        parts
            .map(|part| part.split('"').next().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn members_of_an_event_are_those_that_any_event_may_have() {
        let any = serde_json::to_value(EventDataView::schema()).unwrap();
        for name in EventData::TYPE_NAMES {
            for member in own_members(name).iter().chain(&COMMON) {
                assert!(any["properties"][member].is_object(), "{name}: {member}");
            }
        }
        let own = EventData::TYPE_NAMES.iter().map(|name| own_members(name));
        let own: Vec<&&str> = own.flatten().collect();
        for member in any["properties"].as_object().unwrap().keys() {
            let told = own.contains(&&member.as_str()) || COMMON.contains(&member.as_str());
            assert!(told, "{member} is of no event");
        }
    }

    #[test]
    fn examples_are_those_of_draft_07() {
        let mut schema = json!({
            "example": {"example": 1},
            "properties": {"example": {"type": "integer", "example": 1}},
        });
        in_draft_07(&mut schema);
        let wanted = json!({
            "examples": [{"example": 1}],
            "properties": {"example": {"type": "integer", "examples": [1]}},
        });
        assert_eq!(schema, wanted);
        assert_eq!(
            event_data_schema("order.refund_due.v1"),
            "OrderRefundDueData"
        );
    }
}
