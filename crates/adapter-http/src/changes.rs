//! `GET /v1/changes`: the feed by pull, gapless and in order.

use crate::answer::{self, Answer};
use crate::call::Call;
use crate::error::Problem;
use crate::parameters::ChangesParameters;
use crate::query::Query;
use order_core::app::Orders;
use order_core::domain::Violations;
use order_core::ports::{FeedToken, InvalidToken};
use order_json::EventView;
use order_json::scalars::PositionText;
use utoipa::ToSchema;

/// Events of one answer, where nothing is said.
const DEFAULT_LIMIT: i64 = 100;

/// Events of one answer, at most.
const MAX_LIMIT: i64 = 1_000;

/// A stretch of the feed.
#[derive(ToSchema)]
#[schema(as = Changes)]
#[expect(dead_code, reason = "describes what is written by hand")]
pub(crate) struct Stretch<'a> {
    /// The events, in order; none at the end of the feed. May be fewer than asked for even if more
    /// follow.
    events: Vec<EventView<'a>>,
    /// Where to read on.
    #[schema(value_type = PositionText)]
    next_after: String,
}

/// Read the feed of all events.
///
/// Read again after `next_after` to go on. Nothing is ever missing between two answers.
#[utoipa::path(
    get,
    path = "/v1/changes",
    operation_id = "listChanges",
    tag = "events",
    params(ChangesParameters),
    responses((status = 200, description = "A stretch of the feed", body = Stretch, content_type = "application/json"))
)]
pub(crate) async fn changes(orders: &Orders, call: &Call<'_>) -> Result<Answer, Problem> {
    let mut wrong = Violations::new();
    let query = Query::parse(call.query, &["after", "limit"], &mut wrong);
    let after = position(query.text("after"), "after", &mut wrong).unwrap_or_default();
    let limit = query.integer("limit", &mut wrong).unwrap_or(DEFAULT_LIMIT);
    let allowed = usize::try_from(limit)
        .ok()
        .filter(|_| (1..=MAX_LIMIT).contains(&limit));
    if allowed.is_none() {
        wrong.add("limit", format!("must be 1 to {MAX_LIMIT}"));
    }
    let Some(limit) = allowed.filter(|_| wrong.is_empty()) else {
        return Err(Problem::invalid(wrong));
    };
    let batch = orders.changes(after, limit).await?;
    let mut out = answer::events(&batch.events);
    answer::write_token(&mut out, "next_after", Some(&batch.next_after.to_string()));
    out.push(b'}');
    Ok(answer::json(out))
}

/// The position that a caller names, in the one spelling that this service gives.
pub(crate) fn position(
    text: Option<&str>,
    field: &str,
    wrong: &mut Violations,
) -> Option<FeedToken> {
    let text = text?;
    let token = text
        .parse()
        .ok()
        .filter(|token: &FeedToken| token.to_string() == text);
    if token.is_none() {
        wrong.add(field, InvalidToken.to_string());
    }
    token
}
