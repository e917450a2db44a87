//! What every change of a placed order has in common: the key, the condition, the preview.

use crate::call::{Call, replayed};
use crate::error::Problem;
use crate::place::KEY_FIELD;
use order_core::app::{AppError, ChangeOptions, Changed};
use order_core::domain::{OrderId, Refusal, Violations};
use order_proto::v1::Order;
use order_proto::wire;
use tonic::Response;

/// What every change's message has.
pub(crate) struct Change {
    pub(crate) order_id: String,
    pub(crate) etag: String,
    pub(crate) request_id: String,
    pub(crate) validate_only: bool,
    /// What was found wrong with the rest of the message.
    pub(crate) wrong: Violations,
    /// Whether what changes stands in the message's `order`, rather than beside it.
    pub(crate) inside_order: bool,
}

/// Has `run` carry the change out, and answers with the order after it.
pub(crate) async fn change<F>(
    call: &Call,
    change: Change,
    run: impl FnOnce(OrderId, ChangeOptions) -> F,
) -> Result<Response<Order>, Problem>
where
    F: Future<Output = Result<Changed, AppError>>,
{
    let mut wrong = Violations::new();
    let order_id = wire::order_id(&change.order_id, &mut wrong);
    let expected_versions = wire::expected_versions(&change.etag, &mut wrong);
    wrong.merge(change.wrong);
    let key = Some(change.request_id).filter(|key| !key.is_empty());
    let options = ChangeOptions {
        cause: call.cause(key.as_deref()),
        key,
        key_field: KEY_FIELD,
        expected_versions,
        validate_only: change.validate_only || !wrong.is_empty(),
    };
    let changed = run(order_id, options).await;
    let changed = changed.map_err(|error| respelled(error, change.inside_order));
    if !wrong.is_empty() {
        return Err(Problem::told(wrong, changed));
    }
    let changed = changed?;
    Ok(replayed(wire::order(&changed.order), changed.replayed))
}

/// The error with the caller's own paths; the key stands beside what is changed.
fn respelled(error: AppError, inside_order: bool) -> AppError {
    match error {
        AppError::Refused(Refusal::Invalid(told)) if inside_order => {
            wire::place_violations(told, KEY_FIELD).into()
        }
        error => error,
    }
}
