//! `/api/dead-letters` and `/api/parked`, for administrators: look at what went wrong, do it again, drop it.
//!
//! Every answer is JSON and never to be stored; shapes stand in `views.rs`. Errors are problems: 400
//! `invalid_argument` with `violations`, 404 `not_found`, 409 `still_wrong` (the detail says why) or
//! `incomplete`, 503 `unavailable`, `contended` or `not_now` with `Retry-After`.

use crate::guard::{Administrator, Peer};
use crate::query::PageQuery;
use crate::views::{DroppedJson, LetterJson, LettersJson, ParkedJson, RedrivenJson, WaitingJson};
use crate::{Management, error};
use axum::extract::{Path, State};
use axum::http::{Method, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use order_core::app::RepairError;
use order_core::ports::{EntryId, EntryKind, LetterContent, ParkedFact};
use serde::Serialize;
use std::sync::Arc;

/// The kinds that stand behind each path.
const LETTERS: &[EntryKind] = &[EntryKind::Fact, EntryKind::Message];
const PARKED: &[EntryKind] = &[EntryKind::Parked];

/// `GET /api/dead-letters?page_size&page_token`: facts and messages, newest first.
///
/// 200 `{"dead_letters": [letter…], "next_page_token": "…"}`; the token is absent on the last page. A
/// letter is `{"id", "kind": "fact" | "message", "at", "reason"}` and either
/// - `"message": {"topic", "partition", "offset", "key", "headers": [{"name", "value"}…], "value",
///   "value_bytes", "value_cut", "omitted_bytes"}`, where `key`, `value` and a header's `value` are
///   `{"text": "…"}`, `{"base64": "…"}` or null; `value` is cut at 4 KiB, which `value_cut` tells; or
/// - `"fact": {"source", "id", "order_id" or "external_id", "parked_at", "caller", "traceparent", "data":
///   {"type", …}}`, where `caller` and `traceparent` may be absent and `data` is as in an order's events.
pub(crate) async fn list_letters(State(management): State<Arc<Management>>, uri: Uri) -> Response {
    let query = match PageQuery::parse(uri.query()) {
        Ok(query) => query,
        Err(wrong) => return error::invalid(&wrong),
    };
    let repairs = &management.repairs;
    match repairs
        .dead_letters(query.size, query.token.as_deref())
        .await
    {
        Ok(page) => json(&LettersJson {
            dead_letters: page.letters.iter().map(LetterJson::from).collect(),
            next_page_token: page.next_page_token.as_deref(),
        }),
        Err(failure) => error::failed(&failure),
    }
}

/// `GET /api/parked?page_size&page_token`: facts that wait for their order, those first that came last.
///
/// 200 `{"parked": [fact…], "next_page_token": "…"}`. A fact is `{"id", "order_known", "reason", "fact":
/// {…}}`, where `reason` is there once it was redriven in vain and `fact` is as of a dead letter.
pub(crate) async fn list_parked(State(management): State<Arc<Management>>, uri: Uri) -> Response {
    let query = match PageQuery::parse(uri.query()) {
        Ok(query) => query,
        Err(wrong) => return error::invalid(&wrong),
    };
    let repairs = &management.repairs;
    match repairs
        .parked_facts(query.size, query.token.as_deref())
        .await
    {
        Ok(page) => json(&ParkedJson {
            parked: page.facts.iter().map(WaitingJson::from).collect(),
            next_page_token: page.next_page_token.as_deref(),
        }),
        Err(failure) => error::failed(&failure),
    }
}

/// `GET /api/dead-letters/{id}`: one, whole; the shape is that of the list, with all of `value`.
pub(crate) async fn show_letter(
    State(management): State<Arc<Management>>,
    Path(name): Path<String>,
    method: Method,
) -> Response {
    if name.contains(':') {
        return error::other_method_here(&method, "POST");
    }
    let Some(id) = entry(&name, LETTERS) else {
        return error::unknown_entry(&name);
    };
    match management.repairs.dead_letter(id).await {
        Ok(letter) => json(&LetterJson::from(&letter)),
        Err(failure) => error::not_repaired(&failure),
    }
}

/// `GET /api/parked/{id}`: one of the list.
pub(crate) async fn show_parked(
    State(management): State<Arc<Management>>,
    Path(name): Path<String>,
    method: Method,
) -> Response {
    if name.contains(':') {
        return error::other_method_here(&method, "POST");
    }
    let Some(id) = entry(&name, PARKED) else {
        return error::unknown_entry(&name);
    };
    match management.repairs.parked_fact(id).await {
        Ok(waiting) => json(&WaitingJson::from(&waiting)),
        Err(failure) => error::not_repaired(&failure),
    }
}

/// `POST /api/dead-letters/{id}:redrive` and `:drop`, without a body.
///
/// `redrive` answers 200 `{"id", "outcome": "APPLIED" | "DUPLICATE" | "PARKED" | "HELD", "order_id",
/// "version"}`, where the last two are absent if no order is known: the entry is gone from the list. Still
/// wrong: 409 `still_wrong`; it stays with the new reason. `drop` answers 200 `{"id", "outcome":
/// "DROPPED"}`.
pub(crate) async fn act_on_letter(
    State(management): State<Arc<Management>>,
    Extension(who): Extension<Administrator>,
    peer: Option<Extension<Peer>>,
    Path(name): Path<String>,
    method: Method,
) -> Response {
    let action = Action {
        management: &management,
        who: &who.0,
        peer: peer.as_ref().map_or("unknown", |peer| &peer.0.0),
    };
    action.take(&name, LETTERS, &method).await
}

/// `POST /api/parked/{id}:redrive` and `:drop`: as of a dead letter. A fact whose order is still not known
/// is 409 `still_wrong` and waits on.
pub(crate) async fn act_on_parked(
    State(management): State<Arc<Management>>,
    Extension(who): Extension<Administrator>,
    peer: Option<Extension<Peer>>,
    Path(name): Path<String>,
    method: Method,
) -> Response {
    let action = Action {
        management: &management,
        who: &who.0,
        peer: peer.as_ref().map_or("unknown", |peer| &peer.0.0),
    };
    action.take(&name, PARKED, &method).await
}

/// Something that an administrator does.
struct Action<'a> {
    management: &'a Management,
    who: &'a str,
    peer: &'a str,
}

impl Action<'_> {
    async fn take(&self, name: &str, kinds: &[EntryKind], method: &Method) -> Response {
        let Some((name, verb)) = name.rsplit_once(':') else {
            return error::other_method_here(method, "GET,HEAD");
        };
        let Some(id) = entry(name, kinds) else {
            return error::unknown_entry(name);
        };
        match verb {
            "redrive" => self.redrive(id).await,
            "drop" => self.discard(id).await,
            _ => error::unknown_entry(&format!("{name}:{verb}")),
        }
    }

    async fn redrive(&self, id: EntryId) -> Response {
        let redriven = self.management.repairs.redrive(id).await;
        let metrics = &self.management.repair_metrics;
        metrics.redriven(id.kind, redriven.as_ref().map(|_| ()));
        let (by, from) = (self.who, self.peer);
        match redriven {
            Ok(redriven) => {
                let outcome = redriven.receipt.outcome.as_str();
                tracing::info!(%id, by, from, outcome, "an administrator has redriven what went wrong");
                json(&RedrivenJson::from(&redriven))
            }
            Err(failure) => {
                tracing::warn!(%id, by, from, %failure, "an administrator redrove what went wrong in vain");
                error::not_repaired(&failure)
            }
        }
    }

    async fn discard(&self, id: EntryId) -> Response {
        match self.told_and_dropped(id).await {
            Ok(what) => {
                let (by, from) = (self.who, self.peer);
                tracing::warn!(%id, by, from, what, "an administrator has dropped what went wrong");
                self.management.repair_metrics.dropped(id.kind);
                json(&DroppedJson {
                    id,
                    outcome: "DROPPED",
                })
            }
            Err(failure) => error::not_repaired(&failure),
        }
    }

    /// What the entry was, by which it is found elsewhere: all that is left of it.
    async fn told_and_dropped(&self, id: EntryId) -> Result<String, RepairError> {
        let repairs = &self.management.repairs;
        let what = match id.kind {
            EntryKind::Parked => fact_told(&repairs.parked_fact(id).await?.parked),
            EntryKind::Fact | EntryKind::Message => match repairs.dead_letter(id).await?.content {
                LetterContent::Fact(fact) => fact_told(&fact),
                LetterContent::Message(listed) => {
                    let message = listed.message;
                    let (topic, partition, offset) =
                        (message.topic, message.partition, message.offset);
                    format!("message of {topic}, partition {partition}, offset {offset}")
                }
            },
        };
        repairs.discard(id).await?;
        Ok(what)
    }
}

fn fact_told(fact: &ParkedFact) -> String {
    let key = &fact.fact.key;
    let kind = fact.fact.fact.type_name();
    format!("{kind} with source {:?} and id {:?}", key.source, key.id)
}

/// The id, if it is one of these kinds.
fn entry(name: &str, kinds: &[EntryKind]) -> Option<EntryId> {
    let id: Option<EntryId> = name.parse().ok();
    id.filter(|id| kinds.contains(&id.kind))
}

fn json(body: &impl Serialize) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
