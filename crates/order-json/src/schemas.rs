//! The schemas of everything that comes in, as plain JSON: what the walk reads, and what derives
//! cannot say added to the published document.

use crate::commands::CancelCommand;
use crate::fact_data::{
    PaymentData, PaymentNotice, ReturnData, ShipmentEnd, ShipmentStart, StockData,
};
use crate::{Amend, BatchItem, BatchPlace, Cancel, Hold, NewOrder, Release};
use serde_json::{Map, Value, json};
use std::sync::OnceLock;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

/// Where references to shared schemas point.
const REFERENCE: &str = "#/components/schemas/";

/// Data of facts, each of which names its order in one of two ways.
const FACT_DATA: [&str; 6] = [
    "PaymentData",
    "PaymentNotice",
    "StockData",
    "ShipmentStart",
    "ShipmentEnd",
    "ReturnData",
];

/// The schema with this name; an empty one, which allows everything, where there is none.
pub(crate) fn named(name: &str) -> &'static Value {
    static ANYTHING: Value = Value::Null;
    incoming().get(name).unwrap_or(&ANYTHING)
}

/// The schema itself, or the one that it refers to, and whether null stands beside it.
pub(crate) fn resolved(schema: &'static Value) -> (&'static Value, bool) {
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|text| text.strip_prefix(REFERENCE))
    {
        return (named(name), false);
    }
    // How utoipa writes an optional reference: null, or the reference.
    if let Some(choices) = schema["oneOf"].as_array()
        && let Some(choice) = choices.iter().find(|choice| choice["type"] != "null")
    {
        return (resolved(choice).0, true);
    }
    (schema, false)
}

/// Every schema of what comes in, by its name.
fn incoming() -> &'static Map<String, Value> {
    static SCHEMAS: OnceLock<Map<String, Value>> = OnceLock::new();
    SCHEMAS.get_or_init(|| {
        let mut list: Vec<(String, RefOr<Schema>)> = Vec::new();
        collect::<NewOrder>(&mut list);
        collect::<BatchPlace>(&mut list);
        collect::<BatchItem>(&mut list);
        collect::<Cancel>(&mut list);
        collect::<CancelCommand>(&mut list);
        collect::<Amend>(&mut list);
        collect::<Hold>(&mut list);
        collect::<Release>(&mut list);
        collect::<PaymentData>(&mut list);
        collect::<PaymentNotice>(&mut list);
        collect::<StockData>(&mut list);
        collect::<ShipmentStart>(&mut list);
        collect::<ShipmentEnd>(&mut list);
        collect::<ReturnData>(&mut list);
        let as_json = |schema| serde_json::to_value(schema).unwrap_or_default();
        list.into_iter()
            .map(|(name, schema)| (name, as_json(schema)))
            .collect()
    })
}

/// Adds the type's schema and those that it refers to.
pub(crate) fn collect<T: ToSchema>(list: &mut Vec<(String, RefOr<Schema>)>) {
    list.push((T::name().into_owned(), T::schema()));
    T::schemas(list);
}

/// Adds to the schemas of a document (`components.schemas` of `OpenAPI` and `AsyncAPI`) what the derived
/// ones cannot say.
pub fn refine(document: &mut Value) {
    let schemas = &mut document["components"]["schemas"];
    // A member that is there and not null.
    let has = |name: &str| json!({"required": [name], "properties": {name: {"type": "string"}}});
    for name in FACT_DATA {
        if let Some(schema) = schemas.get_mut(name) {
            // Within allOf: alone, generators of code would make a type of each alternative.
            schema["allOf"] = json!([{"anyOf": [has("order_id"), has("external_id")]}]);
        }
    }
    if let Some(notice) = schemas.get_mut("PaymentNotice") {
        let no_amount = json!({"properties": {"amount": {"type": "null"}}});
        let currency = json!({"anyOf": [no_amount, has("currency")]});
        if let Some(all) = notice["allOf"].as_array_mut() {
            all.push(currency);
        }
    }
}
