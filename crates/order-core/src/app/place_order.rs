//! Place an order, once for each idempotency key.

use super::{AppError, Orders};
use crate::domain::{
    Cause, Event, EventData, Fingerprint, IdempotencyKey, NewOrder, Order, OrderId, Violations,
};
use crate::ports::{Change, Committed, RequestRecord, StoreError, StoredRequest};
use futures_util::future::join_all;
use std::sync::Arc;

/// What an edge hands over to place an order.
#[derive(Clone, Debug)]
pub struct PlaceRequest {
    /// The caller's idempotency key.
    pub key: String,
    /// What to place.
    pub order: NewOrder,
    /// Who asks.
    pub cause: Cause,
    /// The edge's name of the key's field, for its violation: `Idempotency-Key`, `request_id`.
    pub key_field: &'static str,
}

/// What was placed.
#[derive(Clone, Debug)]
pub struct Placed {
    /// The order as it was placed (of a replay: as it was answered the first time).
    pub order: Arc<Order>,
    /// Whether the key was used before, for the same request.
    pub replayed: bool,
}

impl Orders {
    /// Places an order. The same key with the same content gives the first answer again.
    pub async fn place(&self, mut request: PlaceRequest) -> Result<Placed, AppError> {
        let cause = Arc::new(std::mem::take(&mut request.cause));
        let (request_record, placed) = self.decide_placing(request).await?;
        let order = match placed {
            Decided::Replayed(order) => {
                return Ok(Placed {
                    order,
                    replayed: true,
                });
            }
            Decided::New(order) => order,
        };
        let order_id = order.order_id;
        let event = Event {
            data: EventData::Placed,
            time: order.placed_at,
            cause,
            order: Arc::clone(&order),
        };
        let change = Change::Place {
            events: vec![event],
            request: request_record,
        };
        match self.store.commit(change).await? {
            Committed::Done { facts_waiting } => {
                if facts_waiting {
                    // The order is placed whatever becomes of these: the sweep tries them again.
                    let _ = Box::pin(self.apply_parked(order_id)).await;
                }
                Ok(Placed {
                    order,
                    replayed: false,
                })
            }
            Committed::RequestKnown(stored) => {
                let order = Box::pin(self.replay(stored, request_record.fingerprint)).await?;
                Ok(Placed {
                    order,
                    replayed: true,
                })
            }
            Committed::ExternalIdTaken { order_id } => Err(AppError::ExternalIdTaken { order_id }),
            answer => Err(unexpected(&answer)),
        }
    }

    /// What [`Orders::place`] would answer now; changes nothing. The order's id is
    /// [`OrderId::NIL`], since nothing has been placed under one.
    pub async fn preview_place(&self, request: PlaceRequest) -> Result<Placed, AppError> {
        let (request_record, decided) = self.decide_placing(request).await?;
        let mut order = match decided {
            Decided::Replayed(order) => {
                return Ok(Placed {
                    order,
                    replayed: true,
                });
            }
            Decided::New(order) => order,
        };
        if let Some(stored) = self.store.find_request(request_record.key).await? {
            let order = Box::pin(self.replay(stored, request_record.fingerprint)).await?;
            return Ok(Placed {
                order,
                replayed: true,
            });
        }
        if let Some(external_id) = &order.external_id
            && let Some(taken) = self.store.load_external(external_id).await?
        {
            let order_id = taken.order_id;
            return Err(AppError::ExternalIdTaken { order_id });
        }
        Arc::make_mut(&mut order).order_id = OrderId::NIL;
        Ok(Placed {
            order,
            replayed: false,
        })
    }

    /// Places several orders, each for itself; they share commits. Answers in the order of `requests`.
    pub async fn place_batch(&self, requests: Vec<PlaceRequest>) -> Vec<Result<Placed, AppError>> {
        join_all(requests.into_iter().map(|request| self.place(request))).await
    }

    /// Not an `async fn`: its future would carry the request, the order and all that stands between
    /// them through every wait of its caller.
    fn decide_placing(
        &self,
        request: PlaceRequest,
    ) -> impl Future<Output = Result<(RequestRecord, Decided), AppError>> + Send {
        let fingerprint = request.order.fingerprint();
        let decided = match self.price(request) {
            Ok((key, order)) => Ok((
                RequestRecord { key, fingerprint },
                Decided::New(Arc::new(order)),
            )),
            Err(refused) => Err(Box::new(refused)),
        };
        async move {
            let refused = match decided {
                Ok(decided) => return Ok(decided),
                Err(refused) => *refused,
            };
            let Some(key) = refused.key else {
                return Err(refused.violations.into());
            };
            // What was right when it was placed may be wrong by now (a deadline that has passed); a
            // repetition still gets its first answer.
            let replay = self.replay_refused(key, fingerprint, refused.violations);
            let order = Box::pin(replay).await?;
            Ok((RequestRecord { key, fingerprint }, Decided::Replayed(order)))
        }
    }

    fn price(&self, request: PlaceRequest) -> Result<(IdempotencyKey, Order), RefusedPlacing> {
        let key = IdempotencyKey::new(&request.key, request.key_field);
        let now = self.clock.now();
        let order_id = self.ids.order_id(now);
        let placed = Order::place(
            request.order,
            order_id,
            self.partition,
            order_id.placed_at(),
        );
        match (key, placed) {
            (Ok(key), Ok(order)) => Ok((key, order)),
            (Ok(key), Err(violations)) => Err(RefusedPlacing {
                key: Some(key),
                violations,
            }),
            (Err(mut violations), placed) => {
                violations.merge(placed.err().unwrap_or_default());
                Err(RefusedPlacing {
                    key: None,
                    violations,
                })
            }
        }
    }

    async fn replay_refused(
        &self,
        key: IdempotencyKey,
        fingerprint: Fingerprint,
        violations: Violations,
    ) -> Result<Arc<Order>, AppError> {
        match self.store.find_request(key).await? {
            Some(stored) if stored.fingerprint == fingerprint => {
                self.replay(stored, fingerprint).await
            }
            _ => Err(violations.into()),
        }
    }

    /// The first answer to a request whose key is known.
    pub(super) async fn replay(
        &self,
        stored: StoredRequest,
        fingerprint: Fingerprint,
    ) -> Result<Arc<Order>, AppError> {
        if stored.fingerprint != fingerprint {
            return Err(AppError::KeyReused);
        }
        let StoredRequest {
            order_id, version, ..
        } = stored;
        self.store.load_at(order_id, version).await?.ok_or_else(|| {
            let detail = format!(
                "order {order_id} has no version {version}, which an idempotency key names"
            );
            AppError::Store(StoreError::Corrupt { detail })
        })
    }
}

/// A request that is not right, with its key if that is.
struct RefusedPlacing {
    key: Option<IdempotencyKey>,
    violations: Violations,
}

enum Decided {
    New(Arc<Order>),
    Replayed(Arc<Order>),
}

/// An answer that the store's contract rules out for this change.
pub(super) fn unexpected(answer: &Committed) -> AppError {
    AppError::Store(StoreError::Corrupt {
        detail: format!("the store answered {answer:?}, which does not fit the change"),
    })
}
