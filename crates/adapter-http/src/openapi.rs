//! The contract: `OpenAPI` 3.1, made of the calls' annotations and the types of `order-json`, with what
//! all calls have in common added once.

use crate::condition::EntityTags;
use crate::error::ProblemView;
use crate::operation::{Operation, Produces};
use order_core::ports::Access;
use serde_json::{Value, json};
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Order service",
        description = "Takes orders, keeps them, and tells what happens to them.\n\nAmounts are integers of minor units; numbers are written without a fraction or exponent (`1999`, not `1999.0`). Every POST takes `validate_only=true`. Errors are `application/problem+json` with a stable `code` and everything that is wrong in `violations`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        crate::place::place,
        crate::batch_place::batch_place,
        crate::list::list,
        crate::watch::watch,
        crate::get::get,
        crate::cancel::cancel,
        crate::amend::amend,
        crate::hold::hold,
        crate::release::release,
        crate::history::history,
        crate::record_fact::record_fact,
        crate::changes::changes,
        crate::docs::openapi_json,
        crate::docs::docs,
        crate::docs::docs_file,
        crate::probes::livez,
        crate::probes::readyz,
        crate::probes::health,
    ),
    components(schemas(ProblemView, EntityTags)),
    tags(
        (name = "orders", description = "Place, read and change orders"),
        (name = "facts", description = "What happened outside: money, stock, parcels"),
        (name = "events", description = "What happened to orders"),
        (name = "health", description = "Probes"),
        (name = "documentation", description = "This contract")
    )
)]
struct Document;

/// The contract as JSON, for the command line.
pub fn openapi() -> String {
    format!("{:#}", document())
}

/// The contract.
pub(crate) fn document() -> Value {
    let mut document = serde_json::to_value(Document::openapi()).unwrap_or_default();
    order_json::refine(&mut document);
    for operation in Operation::ALL {
        let method = if operation.takes_body() {
            "post"
        } else {
            "get"
        };
        let path = document["paths"].get_mut(operation.route());
        if let Some(described) = path.and_then(|path| path.get_mut(method)) {
            complete(described, operation);
        }
    }
    document
}

/// Adds to a call what all have in common: headers, and the problems that it can answer with.
fn complete(described: &mut Value, operation: Operation) {
    let mut parameters = described["parameters"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    parameters.iter_mut().for_each(not_null);
    if operation.produces() != Produces::Anything {
        parameters.push(header(
            "X-Request-Id",
            "Names the request; one is made where there is none, or none that fits",
        ));
        parameters.push(header(
            "traceparent",
            "W3C trace context; ignored where it is not valid",
        ));
    }
    described["parameters"] = Value::Array(parameters);
    for status in problems(operation) {
        described["responses"][status.to_string()] = problem(*status);
    }
    if let Access::Needs(role) = operation.access() {
        described["responses"]["401"] = problem(401);
        described["responses"]["403"] = problem(403);
        described["responses"]["403"]["description"] =
            format!("The caller lacks the role `{role}`: `permission_denied`").into();
    }
    let Some(responses) = described["responses"].as_object_mut() else {
        return;
    };
    for (status, response) in responses {
        let text =
            |description: &str| json!({"description": description, "schema": {"type": "string"}});
        response["headers"]["X-Request-Id"] = text("Names the request");
        if !operation.is_probe() {
            response["headers"]["RateLimit"] = text(
                "Where callers are held to a rate: what is left of the quota, and the seconds until it is whole or, once refused, until a call may pass",
            );
            response["headers"]["RateLimit-Policy"] = text(
                "Where callers are held to a rate: the quota, and the seconds in which it comes back",
            );
        }
        for name in always(operation, status) {
            response["headers"][name]["required"] = Value::Bool(true);
        }
    }
}

/// The headers that an answer of this status never lacks.
fn always(operation: Operation, status: &str) -> &'static [&'static str] {
    match (operation, status) {
        (Operation::Place, "201") => &["X-Request-Id", "Location", "ETag"],
        (Operation::Get, "200" | "304") => &["X-Request-Id", "ETag"],
        (Operation::Readyz | Operation::Health, _) => &["X-Request-Id"],
        (_, "401") => &["X-Request-Id", "WWW-Authenticate"],
        (_, "429" | "503") => &["X-Request-Id", "Retry-After"],
        _ => &["X-Request-Id"],
    }
}

fn header(name: &str, description: &str) -> Value {
    json!({"name": name, "in": "header", "description": description, "required": false, "schema": {"type": "string"}})
}

/// The statuses of the problems that a call can answer with. Where callers are held to a rate, all but
/// the probes can answer with 429.
fn problems(operation: Operation) -> &'static [u16] {
    match operation {
        Operation::Place => &[400, 406, 408, 409, 413, 415, 422, 429, 500, 503],
        Operation::BatchPlace => &[400, 406, 408, 413, 415, 429, 500, 503],
        Operation::Cancel | Operation::Amend | Operation::Hold | Operation::Release => {
            &[400, 404, 406, 408, 409, 412, 413, 415, 422, 429, 500, 503]
        }
        Operation::RecordFact => &[400, 406, 408, 409, 413, 415, 429, 500, 503],
        Operation::Get => &[400, 404, 406, 412, 429, 500, 503],
        Operation::History => &[400, 404, 406, 429, 500, 503],
        Operation::List => &[400, 406, 429, 500, 503],
        Operation::Changes | Operation::Watch => &[400, 406, 410, 429, 500, 503],
        Operation::DocsFile => &[404, 429, 500],
        Operation::Docs => &[429, 500],
        Operation::OpenApi => &[429],
        _ => &[],
    }
}

fn problem(status: u16) -> Value {
    let description = match status {
        400 => "The request's content is wrong: `invalid_argument`, `total_mismatch`",
        401 => "The caller's certificate names nobody: `unauthenticated`",
        404 => "No such order, or hold: `not_found`",
        406 => "The caller accepts no form of the answer: `not_acceptable`",
        408 => "The body did not come in time: `request_timeout`",
        409 => {
            "The order does not allow it now, or a number is taken: `action_not_allowed`, `already_exists`, `fact_id_reused`, `ledger_full`"
        }
        410 => "Events after this position are no longer kept: `position_gone`",
        412 => "The order has another version: `version_mismatch`",
        413 => "The body is too large: `payload_too_large`",
        415 => "The body is of a type that is not taken: `unsupported_media_type`",
        422 => "The idempotency key was used for another request: `idempotency_key_reused`",
        429 => "The caller has used up its quota: `rate_limited`",
        503 => "Try again later: `unavailable`, `overloaded`, `contended`, `timeout`",
        _ => "Something is wrong in the service: `internal`",
    };
    let schema = json!({"$ref": "#/components/schemas/Problem"});
    let mut response = json!({
        "description": description,
        "content": {"application/problem+json": {"schema": schema}},
    });
    if status == 401 {
        response["headers"]["WWW-Authenticate"] =
            json!({"description": "How callers prove themselves", "schema": {"type": "string"}});
    }
    if matches!(status, 429 | 503) {
        response["headers"]["Retry-After"] =
            json!({"description": "Seconds to wait", "schema": {"type": "integer", "minimum": 1}});
    }
    response
}

/// A parameter is absent or has a value: none can be null.
fn not_null(parameter: &mut Value) {
    let schema = &mut parameter["schema"];
    let other = |list: &Value, is_null: fn(&Value) -> bool| {
        list.as_array()
            .and_then(|all| all.iter().find(|one| !is_null(one)).cloned())
    };
    if let Some(choice) = schema
        .get("oneOf")
        .and_then(|list| other(list, |one| one["type"] == "null"))
    {
        *schema = choice;
    }
    if let Some(word) = schema
        .get("type")
        .and_then(|list| other(list, |one| one == "null"))
    {
        schema["type"] = word;
    }
}
