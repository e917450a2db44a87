//! The contract, held against every answer that a test gets, and against the calls that there are.

use crate::desk::{Desk, Reply, order};
use adapter_http::Operation;
use order_core::domain::limits;
use order_core::ports::{FeedPosition, RecordedEvent};
use serde_json::{Value, json};
use std::sync::OnceLock;
use testkit::json_schema::faults;

pub(crate) fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::from_str(&adapter_http::openapi()).unwrap())
}

/// Holds an answer against what the contract says of its call. Paths and methods that the contract
/// does not have must be answered with a problem.
pub(crate) fn check(method: &str, path: &str, reply: &Reply) {
    let path = path.split('?').next().unwrap().replace("%3A", ":");
    let path = if path == "/docs/" {
        "/docs"
    } else {
        path.as_str()
    };
    assert!(
        reply.header("x-request-id").is_some(),
        "every answer names its request: {reply:?}"
    );
    let described = described(if method == "HEAD" { "GET" } else { method }, path);
    let Some(described) = described else {
        assert!(
            matches!(reply.status, 204 | 404 | 405),
            "{method} {path}: {reply:?}"
        );
        return;
    };
    let response = &described["responses"][reply.status.to_string()];
    assert!(
        response.is_object(),
        "{method} {path} does not tell of {}: {reply:?}",
        reply.status
    );
    for name in reply.headers.keys().map(http::HeaderName::as_str) {
        let common = matches!(
            name,
            "content-type" | "content-length" | "cache-control" | "x-accel-buffering"
        );
        let told = response["headers"]
            .as_object()
            .is_some_and(|told| told.keys().any(|one| one.eq_ignore_ascii_case(name)));
        assert!(
            common || told,
            "{method} {path} {} does not tell of the header {name}",
            reply.status
        );
    }
    for (name, header) in response["headers"].as_object().into_iter().flatten() {
        assert!(
            header["required"] != true || reply.header(&name.to_lowercase()).is_some(),
            "{method} {path} {} lacks the header {name}",
            reply.status
        );
    }
    if method == "HEAD" || reply.body.is_empty() {
        return;
    }
    let media_type = reply
        .header("content-type")
        .unwrap()
        .split(';')
        .next()
        .unwrap();
    let content = &response["content"][media_type];
    assert!(
        content.is_object() || path.starts_with("/docs/"),
        "{method} {path} {}: {media_type}",
        reply.status
    );
    if media_type.ends_with("json") {
        let all = faults(document(), &content["schema"], &reply.json(), "$");
        assert!(
            all.is_empty(),
            "{method} {path} {}: {all:#?}\n{}",
            reply.status,
            reply.json()
        );
    }
}

fn described(method: &str, path: &str) -> Option<&'static Value> {
    let paths = document()["paths"].as_object().unwrap();
    let method = method.to_lowercase();
    // The template with the longest fixed part is meant.
    let matching = paths.iter().filter(|(template, _)| matches(template, path));
    let best = matching
        .min_by_key(|(template, _)| template.matches('{').count() * 100 + 99 - template.len())?;
    best.1.get(&method)
}

fn matches(template: &str, path: &str) -> bool {
    match template.split_once('{') {
        None => template == path,
        Some((before, rest)) => {
            let after = rest.split_once('}').unwrap().1;
            let middle = path
                .strip_prefix(before)
                .and_then(|path| path.strip_suffix(after));
            middle.is_some_and(|middle| !middle.is_empty() && !middle.contains(['/', ':']))
        }
    }
}

#[test]
fn every_call_is_described_and_nothing_else() {
    let mut described: Vec<String> = Vec::new();
    for (path, item) in document()["paths"].as_object().unwrap() {
        described.extend(
            item.as_object()
                .unwrap()
                .keys()
                .map(|method| format!("{} {path}", method.to_uppercase())),
        );
    }
    let known = Operation::ALL
        .into_iter()
        .filter(|operation| *operation != Operation::Unmatched);
    let mut known: Vec<String> = known
        .map(|one| format!("{} {}", one.method(), one.route()))
        .collect();
    described.sort();
    known.sort();
    assert_eq!(described, known);
    assert_eq!(document()["openapi"], "3.1.0");
}

#[test]
fn every_reference_points_somewhere_and_no_parameter_is_null() {
    fn walk(value: &Value) {
        if let Some(pointer) = value["$ref"].as_str() {
            assert!(
                document()
                    .pointer(pointer.trim_start_matches('#'))
                    .is_some(),
                "{pointer}"
            );
        }
        match value {
            Value::Object(map) => map.values().for_each(walk),
            Value::Array(list) => list.iter().for_each(walk),
            _ => {}
        }
    }
    walk(document());
    for item in document()["paths"].as_object().unwrap().values() {
        for call in item.as_object().unwrap().values() {
            assert!(call.get("parameters").is_none_or(Value::is_array), "{call}");
            for parameter in call["parameters"].as_array().into_iter().flatten() {
                assert!(
                    !parameter["schema"].to_string().contains("null"),
                    "{parameter}"
                );
            }
        }
    }
}

#[test]
fn bounds_are_those_of_the_domain() {
    let schemas = &document()["components"]["schemas"];
    assert_eq!(
        schemas["NewOrder"]["properties"]["lines"]["maxItems"],
        limits::MAX_LINES
    );
    assert_eq!(
        schemas["ShipmentStart"]["properties"]["lines"]["maxItems"],
        limits::MAX_LINES
    );
    assert_eq!(
        schemas["ReturnData"]["properties"]["lines"]["maxItems"],
        limits::MAX_LINES
    );
    assert_eq!(
        schemas["BatchPlace"]["properties"]["orders"]["maxItems"],
        limits::MAX_BATCH_ORDERS
    );
    for address in ["Address", "AddressPatch"] {
        assert_eq!(
            schemas[address]["properties"]["lines"]["maxItems"],
            limits::MAX_ADDRESS_LINES
        );
    }
    for input in [
        "NewOrder",
        "NewOrderLine",
        "Address",
        "Cancel",
        "Amend",
        "AddressPatch",
        "Hold",
        "Release",
        "BatchItem",
        "PaymentData",
    ] {
        assert_eq!(schemas[input]["additionalProperties"], false, "{input}");
    }
    assert!(
        schemas["Cancel"]["properties"]["lines"]
            .to_string()
            .contains("\"minItems\":1")
    );
}

#[test]
fn every_fact_is_described_once() {
    let kinds = document()["components"]["schemas"]["FactEvent"]["oneOf"]
        .as_array()
        .unwrap();
    let types = kinds
        .iter()
        .flat_map(|kind| kind["properties"]["type"]["enum"].as_array().unwrap());
    let mut described: Vec<&str> = types.map(|name| name.as_str().unwrap()).collect();
    let mut known: Vec<&str> = order_core::domain::Fact::type_names().collect();
    described.sort_unstable();
    known.sort_unstable();
    assert_eq!(described, known);
    for kind in kinds {
        assert!(
            kind["additionalProperties"].is_object() && kind["propertyNames"].is_object(),
            "{kind}"
        );
    }
}

/// Values at the very edge of what the schema allows are accepted.
#[tokio::test]
async fn what_the_schema_allows_at_its_edges_is_accepted() {
    let desk = Desk::new();
    let longest = "é".repeat(64);
    let keys = (0..50).map(|n| (format!("{n:0>64}"), Value::from("v".repeat(500))));
    let mut whole = order();
    whole["customer_id"] = json!(longest);
    whole["external_id"] = json!(longest);
    whole["lines"] = json!([{"sku": longest, "name": "n".repeat(256), "quantity": 1_000_000, "unit_price": 9_007_199_254_i64, "discount": null, "tax": 0}]);
    whole["metadata"] = keys.collect();
    whole["confirm_before"] = json!("9999-12-31T23:59:59.999999999+00:00");
    whole["payment_terms"] = json!("INVOICE");
    whole["shipping_address"] = json!({"name": "n".repeat(200), "lines": vec!["l".repeat(200); 10], "city": "c", "region": null, "country": "DE"});
    let schema = json!({"$ref": "#/components/schemas/NewOrder"});
    assert_eq!(
        faults(document(), &schema, &whole, "$"),
        Vec::<String>::new()
    );
    assert_eq!(desk.place(&"k".repeat(255), &whole).await.status, 201);
    let mut large = order();
    large["lines"] = json!(vec![
        json!({"sku": "s", "quantity": 1, "unit_price": 0});
        1_000
    ]);
    assert_eq!(desk.place("large", &large).await.status, 201);
}

#[tokio::test]
async fn the_examples_of_the_contract_work() {
    let desk = Desk::new();
    let schemas = &document()["components"]["schemas"];
    let example = |name: &str| schemas[name]["example"].clone();
    let placed = desk.place("example", &example("NewOrder")).await;
    assert_eq!(placed.status, 201, "{placed:?}");
    let path = format!("/v1/orders/{}", placed.text_at("order_id"));
    for (verb, schema) in [("hold", "Hold"), ("release", "Release")] {
        let reply = desk
            .post(&format!("{path}:{verb}"), &[], &example(schema))
            .await;
        assert_eq!(reply.status, 200, "{verb}: {reply:?}");
    }
    let mut amend = example("Amend");
    amend["shipping_address"] = example("Address");
    assert_eq!(
        desk.post(&format!("{path}:amend"), &[], &amend)
            .await
            .status,
        200
    );
    assert_eq!(
        desk.post(&format!("{path}:amend"), &[], &example("Amend"))
            .await
            .status,
        200
    );
    assert_eq!(
        desk.post(&format!("{path}:cancel"), &[], &example("Cancel"))
            .await
            .status,
        200
    );
}

/// Every kind of event, with everything that an order can have, is as the contract says, and says
/// the same whichever way it is sent.
#[test]
fn every_event_is_as_the_contract_says() {
    let desk = testkit::Desk::new();
    let order = testkit::full_order(&desk);
    let events = testkit::event_of_every_kind(&desk, &order);
    assert!(events.len() >= 17, "{}", events.len());
    let schema = json!({"$ref": "#/components/schemas/OrderEvent"});
    for (offset, event) in (1..).zip(events) {
        let kind = event.data.type_name();
        let position = FeedPosition {
            partition: 0,
            offset,
        };
        let recorded = RecordedEvent { position, event };
        let bytes = order_json::event_to_vec(&recorded);
        assert!(!bytes.contains(&b'\n'), "{kind}: an event is one line");
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        let all = faults(document(), &schema, &value, "$");
        assert!(all.is_empty(), "{kind}: {all:#?}");
        assert_eq!(value["type"], kind);
        let known = document()["components"]["schemas"]["OrderEventData"]["properties"]
            .as_object()
            .unwrap();
        for member in value["data"].as_object().unwrap().keys() {
            assert!(
                known.contains_key(member),
                "{kind}: the contract does not tell of data.{member}"
            );
        }
        let known = document()["components"]["schemas"]["Order"]["properties"]
            .as_object()
            .unwrap();
        let members = value["data"]["order"].as_object().unwrap();
        assert_eq!(
            members.len(),
            known.len(),
            "{kind}: a full order has every member"
        );
        let own = value["data"].as_object().unwrap().len() - 4;
        let bare = [
            "order.placed.v1",
            "order.confirmed.v1",
            "order.expired.v1",
            "order.completed.v1",
        ];
        assert_eq!(
            own == 0,
            bare.contains(&kind),
            "{kind}: an event has its own fields"
        );
    }
}
