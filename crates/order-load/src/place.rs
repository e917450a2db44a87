//! Places orders, each with a key of its own.

use std::sync::Arc;

use crate::LoadError;
use crate::drive::{Calls, Plan, drive};
use crate::line::grpc::{self, GrpcLine};
use crate::line::rest::{self, RestLine};
use crate::report::Report;
use crate::target::Protocol;
use crate::template::{CUSTOMERS, Template, key, run_id};

const METHOD: &str = "/orders.v1.OrderService/PlaceOrder";
const PATH: &str = "/v1/orders";

/// Connects, places orders of so many lines for the plan's time, and reports.
pub async fn run(plan: Plan, protocol: Protocol, lines: u16) -> Result<Report, LoadError> {
    let run = run_id()?;
    let measured = match protocol {
        Protocol::Grpc => {
            let orders = GrpcOrders(Template::grpc(&run, lines));
            drive(plan.clone(), Arc::new(orders)).await
        }
        Protocol::Rest => {
            let template = Template::rest(lines);
            drive(plan.clone(), Arc::new(RestOrders { run, template })).await
        }
    };
    Ok(Report::new("place", protocol, &plan, &measured?))
}

struct GrpcOrders(Template);

impl Calls for GrpcOrders {
    type Line = GrpcLine;

    fn call(&self, number: u64) -> grpc::Call {
        grpc::Call {
            method: METHOD,
            message: self.0.fill(customer_of(number), number),
        }
    }
}

struct RestOrders {
    run: String,
    template: Template,
}

impl Calls for RestOrders {
    type Line = RestLine;

    fn call(&self, number: u64) -> rest::Call {
        rest::Call {
            method: "POST",
            path: PATH.to_owned(),
            key: Some(key(&self.run, number)),
            body: self.template.fill(customer_of(number), number),
            success: 201,
        }
    }
}

fn customer_of(number: u64) -> u16 {
    u16::try_from(number % u64::from(CUSTOMERS)).unwrap_or_default()
}
