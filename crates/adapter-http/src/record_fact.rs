//! `POST /v1/facts`: a fact as a `CloudEvent`, in structured or binary HTTP mode.

use crate::answer::{self, Answer};
use crate::call::Call;
use crate::error::Problem;
use crate::media;
use crate::operation::Operation;
use crate::parameters::ValidateOnly;
use crate::query::Query;
use bytes::Bytes;
use http::HeaderMap;
use order_core::app::{FactReceipt, Orders};
use order_core::domain::Violations;
use order_json::scalars::OrderIdText;
use order_json::{
    Attribute, FactEvent, fact_from_parts, fact_from_structured, percent_decoded, to_vec,
};
use serde::Serialize;
use utoipa::ToSchema;

/// What stands before an attribute's name in a header (HTTP binding 3.1.3.1).
const PREFIX: &str = "ce-";

/// What became of a fact.
#[derive(Serialize, ToSchema)]
#[schema(as = FactReceipt)]
pub(crate) struct Receipt {
    /// `APPLIED`: recorded; `DUPLICATE`: known before; `PARKED`: its order is not known yet, and it
    /// waits; `HELD`: recorded, and it put a hold on the order.
    #[schema(pattern = "^(APPLIED|DUPLICATE|PARKED|HELD)$", example = "APPLIED")]
    outcome: &'static str,
    /// The order, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = OrderIdText, required = false)]
    order_id: Option<String>,
    /// The order's version after the fact.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false)]
    version: Option<u64>,
}

impl From<FactReceipt> for Receipt {
    fn from(receipt: FactReceipt) -> Receipt {
        Receipt {
            outcome: receipt.outcome.as_str(),
            order_id: receipt.order_id.map(|order_id| order_id.to_string()),
            version: receipt.version,
        }
    }
}

/// Record a fact.
///
/// The same facts as by Kafka. `source` and `id` make it count once, so it takes no idempotency key.
/// Beside structured mode, binary mode is taken: `Content-Type: application/json`, the attributes as
/// headers `ce-specversion`, `ce-type`, `ce-source`, `ce-id` (percent-encoded), the data as the body.
#[utoipa::path(
    post,
    path = "/v1/facts",
    operation_id = "recordFact",
    tag = "facts",
    params(ValidateOnly),
    request_body(content = FactEvent, content_type = "application/cloudevents+json"),
    responses((status = 200, description = "What became of the fact, or would (`validate_only`)", body = Receipt, content_type = "application/json"))
)]
pub(crate) async fn record_fact(
    orders: &Orders,
    call: &Call<'_>,
    body: Bytes,
) -> Result<Answer, Problem> {
    let mut wrong = Violations::new();
    let query = Query::parse(call.query, &["validate_only"], &mut wrong);
    let validate_only = query.flag("validate_only", &mut wrong);
    let media_type = media::content_type(call.headers, Operation::RecordFact)?;
    let parsed = if media_type == "application/cloudevents+json" {
        fact_from_structured(&body)?
    } else {
        fact_from_parts(attributes(call.headers, &mut wrong), &body, PREFIX)?
    };
    wrong.merge(parsed.wrong);
    match parsed.value {
        Some(fact) if wrong.is_empty() => {
            let receipt = orders
                .record_fact(fact, call.cause(None), validate_only)
                .await?;
            Ok(answer::json(to_vec(&Receipt::from(receipt))))
        }
        _ => Err(Problem::invalid(wrong)),
    }
}

/// The attributes among the headers, decoded.
fn attributes(headers: &HeaderMap, wrong: &mut Violations) -> Vec<Attribute> {
    let mut attributes = Vec::new();
    for (name, value) in headers {
        let Some(attribute) = name.as_str().strip_prefix(PREFIX) else {
            continue;
        };
        let text = value.to_str().ok().and_then(percent_decoded);
        if text.is_none() {
            wrong.add(
                name.as_str(),
                "must be ASCII, and UTF-8 after percent-decoding",
            );
        }
        attributes.push((attribute.to_owned(), text.unwrap_or_default()));
    }
    attributes
}
