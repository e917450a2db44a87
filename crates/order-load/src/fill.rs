//! Places many orders in batches, and keeps their ids: fast, and the rows are the service's own.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use order_proto::v1;
use prost::Message as _;
use serde::Deserialize;

use crate::LoadError;
use crate::drive::{Calls, Plan, drive};
use crate::ids::{ID_BYTES, Ids};
use crate::line::grpc::{self, GrpcLine, framed};
use crate::line::rest::{self, RestLine};
use crate::pace::Schedule;
use crate::report::Report;
use crate::target::{Protocol, Target};
use crate::template::{customer, json, key, message, run_id};

const METHOD: &str = "/orders.v1.OrderService/BatchPlaceOrders";
const PATH: &str = "/v1/orders:batchPlace";
/// Orders of a batch: the service takes no more.
const BATCH_ORDERS: u64 = 1_000;
/// Batches on their way at a time, each on a connection of its own.
const CALLERS: u16 = 4;
/// Lines of each order.
const LINES: u16 = 2;
/// It ends by itself then, finished or not.
const MAX_DURATION: Duration = Duration::from_hours(3);

/// How many orders, and whose.
#[derive(Clone, Debug)]
pub struct Filling {
    /// The service.
    pub target: Target,
    /// By which protocol.
    pub protocol: Protocol,
    /// Rounded up to whole batches where there are several.
    pub orders: u64,
    /// Customers that they are spread over.
    pub customers: u16,
    /// Of so many orders the id of one is kept.
    pub every: u32,
}

/// Places the orders; the report is about batches. Fails where an order was not placed.
pub async fn fill(filling: &Filling) -> Result<(Report, Ids), LoadError> {
    let plan = Plan {
        target: filling.target.clone(),
        callers: CALLERS,
        connections: CALLERS,
        threads: 1,
        schedule: Schedule {
            warm_up: Duration::ZERO,
            duration: MAX_DURATION,
            rate_per_second: None,
            limit: Some(filling.orders.div_ceil(BATCH_ORDERS)),
        },
        watched: Vec::new(),
    };
    let batches = Batches {
        run: run_id()?,
        size: filling.orders.min(BATCH_ORDERS),
        customers: filling.customers.max(1).into(),
        every: usize::try_from(filling.every.max(1)).unwrap_or(1),
        ids: Arc::new(Mutex::new(Vec::new())),
    };
    let ids = Arc::clone(&batches.ids);
    let measured = match filling.protocol {
        Protocol::Grpc => drive(plan.clone(), Arc::new(GrpcBatches(batches))).await?,
        Protocol::Rest => drive(plan.clone(), Arc::new(RestBatches(batches))).await?,
    };
    let report = Report::new("batches", filling.protocol, &plan, &measured);
    let kept = std::mem::take(&mut *ids.lock().unwrap_or_else(PoisonError::into_inner));
    match Ids::new(kept) {
        Some(ids) if report.is_clean() => Ok((report, ids)),
        _ => {
            let why = report.first_error.as_deref().unwrap_or("nothing was asked");
            Err(LoadError::Refused(why.to_owned()))
        }
    }
}

struct Batches {
    run: String,
    size: u64,
    customers: u64,
    every: usize,
    ids: Arc<Mutex<Vec<[u8; ID_BYTES]>>>,
}

impl Batches {
    /// Number and customer of each order of a batch.
    fn orders(&self, batch: u64) -> impl Iterator<Item = (u64, String)> {
        let first = batch * self.size;
        (first..first + self.size).map(|number| {
            let customer_no = u16::try_from(number % self.customers).unwrap_or_default();
            (number, customer(customer_no))
        })
    }

    fn keep(&self, ids: &[Option<String>]) -> Result<(), String> {
        if ids.len() as u64 != self.size || ids.iter().any(Option::is_none) {
            return Err("not every order of the batch was placed".to_owned());
        }
        let texts = ids.iter().flatten().step_by(self.every);
        let kept: Result<Vec<[u8; ID_BYTES]>, _> =
            texts.map(|id| id.as_bytes().try_into()).collect();
        let kept = kept.map_err(|_| "an order's id is no UUID".to_owned())?;
        self.ids
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(kept);
        Ok(())
    }
}

struct GrpcBatches(Batches);

impl Calls for GrpcBatches {
    type Line = GrpcLine;

    fn call(&self, number: u64) -> grpc::Call {
        let orders = self.0.orders(number);
        let requests =
            orders.map(|(number, customer)| message(customer, LINES, key(&self.0.run, number)));
        let message = v1::BatchPlaceOrdersRequest {
            requests: requests.collect(),
        };
        grpc::Call {
            method: METHOD,
            message: framed(&message.encode_to_vec()),
        }
    }

    fn check(&self, _number: u64, answer: &Bytes) -> Result<(), String> {
        use v1::batch_place_orders_result::Result::{Order, Status};
        let answer = v1::BatchPlaceOrdersResponse::decode(answer.clone());
        let answer = answer.map_err(|error| error.to_string())?;
        let mut ids = Vec::with_capacity(answer.results.len());
        for result in answer.results {
            ids.push(match result.result {
                Some(Order(order)) => Some(order.order_id),
                Some(Status(status)) => return Err(status.message),
                None => None,
            });
        }
        self.0.keep(&ids)
    }
}

struct RestBatches(Batches);

impl Calls for RestBatches {
    type Line = RestLine;

    fn call(&self, number: u64) -> rest::Call {
        let orders = self.0.orders(number).map(|(number, customer)| {
            let (key, order) = (key(&self.0.run, number), json(&customer, LINES));
            format!(r#"{{"idempotency_key":"{key}","order":{order}}}"#)
        });
        let orders: Vec<String> = orders.collect();
        rest::Call {
            method: "POST",
            path: PATH.to_owned(),
            key: None,
            body: format!(r#"{{"orders":[{}]}}"#, orders.join(",")).into(),
            success: 200,
        }
    }

    fn check(&self, _number: u64, answer: &Bytes) -> Result<(), String> {
        let answer: JsonResults =
            serde_json::from_slice(answer).map_err(|error| error.to_string())?;
        let ids = answer.results.into_iter();
        let ids: Vec<_> = ids
            .map(|result| result.order.map(|order| order.order_id))
            .collect();
        self.0.keep(&ids)
    }
}

#[derive(Deserialize)]
struct JsonResults {
    results: Vec<JsonResult>,
}

#[derive(Deserialize)]
struct JsonResult {
    order: Option<JsonOrder>,
}

#[derive(Deserialize)]
struct JsonOrder {
    order_id: String,
}
