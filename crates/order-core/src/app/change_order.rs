//! What every command on a placed order has in common: the key, the condition, the retry.

use super::place_order::unexpected;
use super::{AppError, Orders};
use crate::domain::{
    Cause, Decision, Fingerprint, IdempotencyKey, Order, OrderId, Refusal, Timestamp,
};
use crate::ports::{Change, Committed, RequestRecord};
use std::sync::Arc;

/// How a command is to be carried out.
#[derive(Clone, Debug, Default)]
pub struct ChangeOptions {
    /// The caller's idempotency key, if it gave one.
    pub key: Option<String>,
    /// The edge's name of the key's field, for its violation.
    pub key_field: &'static str,
    /// Apply the command to one of these versions alone (`If-Match`, `etag`); `None`: to whatever
    /// version the order has.
    pub expected_versions: Option<Vec<u64>>,
    /// Tell what would happen, and change nothing.
    pub validate_only: bool,
    /// Who asks.
    pub cause: Cause,
}

/// What a command made of the order.
#[derive(Clone, Debug)]
pub struct Changed {
    /// The order after it (of a replay: as it was answered the first time).
    pub order: Arc<Order>,
    /// Whether the key was used before, for the same request.
    pub replayed: bool,
}

/// How often a change is decided anew because the order changed meanwhile. Changes of one process
/// wait for each other, so only those of other replicas count.
pub(super) const MAX_ATTEMPTS: u32 = 32;

impl Orders {
    pub(super) async fn change(
        &self,
        order_id: OrderId,
        fingerprint: Fingerprint,
        options: ChangeOptions,
        decide: impl Fn(&Order, Timestamp, Arc<Cause>) -> Result<Decision, Refusal>,
    ) -> Result<Changed, AppError> {
        let key = options
            .key
            .as_deref()
            .map(|key| IdempotencyKey::new(key, options.key_field));
        let request = key
            .transpose()?
            .map(|key| RequestRecord { key, fingerprint });
        if let Some(changed) = self.replayed(request).await? {
            return Ok(changed);
        }
        let cause = Arc::new(options.cause);
        let _turn = self.turns.wait_for(order_id).await;
        for _ in 0..MAX_ATTEMPTS {
            let order = self.get(order_id).await?;
            let decided = check_version(&order, options.expected_versions.as_deref())
                .and_then(|()| Ok(decide(&order, self.clock.now(), Arc::clone(&cause))?));
            let decision = match decided {
                Ok(decision) if !options.validate_only && !decision.events.is_empty() => decision,
                // The same request may have had its effect since it was looked for: that it is refused
                // now, or has nothing to do, would be another answer than the first.
                settled => {
                    return match self.replayed(request).await? {
                        Some(changed) => Ok(changed),
                        None => Ok(Changed {
                            order: newest(&order, &settled?),
                            replayed: false,
                        }),
                    };
                }
            };
            let after = newest(&order, &decision);
            let change = Change::Advance {
                expected_version: order.version,
                events: decision.events,
                request,
                fact: None,
            };
            match self.store.commit(change).await? {
                Committed::Done { .. } => {
                    return Ok(Changed {
                        order: after,
                        replayed: false,
                    });
                }
                Committed::RequestKnown(stored) => {
                    let order = self.replay(stored, fingerprint).await?;
                    return Ok(Changed {
                        order,
                        replayed: true,
                    });
                }
                Committed::VersionConflict => {}
                answer => return Err(unexpected(&answer)),
            }
        }
        Err(AppError::Contended {
            attempts: MAX_ATTEMPTS,
        })
    }

    /// The first answer, if the key is known. Asked before the decision: a cancelled order would
    /// refuse the repetition of its own cancellation.
    async fn replayed(&self, request: Option<RequestRecord>) -> Result<Option<Changed>, AppError> {
        let Some(request) = request else {
            return Ok(None);
        };
        let Some(stored) = self.store.find_request(request.key).await? else {
            return Ok(None);
        };
        let order = self.replay(stored, request.fingerprint).await?;
        Ok(Some(Changed {
            order,
            replayed: true,
        }))
    }
}

/// The order after the decision.
fn newest(order: &Arc<Order>, decision: &Decision) -> Arc<Order> {
    let event = decision.events.last();
    Arc::clone(event.map_or(order, |event| &event.order))
}

fn check_version(order: &Order, expected: Option<&[u64]>) -> Result<(), AppError> {
    match expected {
        Some(versions) if !versions.contains(&order.version) => Err(AppError::VersionMismatch {
            current: order.version,
        }),
        _ => Ok(()),
    }
}
