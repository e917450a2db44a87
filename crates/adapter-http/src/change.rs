//! What every change of a placed order has in common: the key, the condition, the preview.

use crate::answer::{self, Answer};
use crate::call::Call;
use crate::condition::{Tags, if_match, refuse_if_none_match};
use crate::error::Problem;
use crate::idempotency::{KEY_FIELD, key};
use crate::query::Query;
use bytes::Bytes;
use order_core::app::{AppError, ChangeOptions, Changed};
use order_core::domain::{OrderId, Violations};
use order_json::{WireType, parse};

/// Parses the request, has `run` carry it out, and answers with the order after it.
pub(crate) async fn change<T, F>(
    call: &Call<'_>,
    body: Bytes,
    run: impl FnOnce(OrderId, T::Domain, ChangeOptions) -> F,
) -> Result<Answer, Problem>
where
    T: WireType,
    F: Future<Output = Result<Changed, AppError>>,
{
    let order_id = call.order_id()?;
    let mut wrong = Violations::new();
    let query = Query::parse(call.query, &["validate_only"], &mut wrong);
    let validate_only = query.flag("validate_only", &mut wrong);
    let key = key(call.headers, &mut wrong);
    let expected = if_match(call.headers, &mut wrong);
    let advice = expected.as_ref().map_or("", Tags::advice);
    refuse_if_none_match(call.headers, &mut wrong);
    let parsed = parse::<T>(&body)?;
    drop(body);
    wrong.merge(parsed.wrong);
    let options = ChangeOptions {
        cause: call.cause(key.as_deref()),
        key,
        key_field: KEY_FIELD,
        expected_versions: expected.and_then(Tags::into_expected),
        validate_only: validate_only || !wrong.is_empty(),
    };
    let changed = run(order_id, parsed.value, options).await;
    if !wrong.is_empty() {
        return Err(Problem::told(wrong, changed));
    }
    let Changed { order, replayed } = changed.map_err(|error| version_problem(error, advice))?;
    let answer = if validate_only {
        answer::preview(&order)
    } else {
        answer::order(&order)
    };
    Ok(answer::replayed(answer, replayed))
}

/// The problem; where the version is wrong, with `advice` on the tags.
pub(crate) fn version_problem(error: AppError, advice: &str) -> Problem {
    let at_fault = matches!(error, AppError::VersionMismatch { .. });
    let problem = Problem::from(error);
    if at_fault {
        problem.adding(advice)
    } else {
        problem
    }
}
