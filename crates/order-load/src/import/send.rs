//! Sends batches over one connection and holds the answers against what was sent.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;

use super::batch::{Batch, Batches};
use super::{ImportReport, next};
use crate::LoadError;
use crate::line::rest::{Call, Response, RestLine};
use crate::target::Target;

/// Where batches are placed.
const PATH: &str = "/v1/orders:batchPlace";
/// How often a batch is sent before the import gives up. Keys make a repetition harmless.
const MAX_ATTEMPTS: u32 = 10;
/// The pause before the next attempt where the service names none.
const RETRY_PAUSE_SECONDS: u64 = 1;
/// The longest pause that a service may ask for.
const MAX_RETRY_PAUSE_SECONDS: u64 = 30;
/// How long an answer may take; longer than any deadline of the service.
const REQUEST_TIMEOUT_SECONDS: u64 = 60;
/// How much of a refusal is shown.
const MAX_TOLD_CHARACTERS: usize = 300;

/// Sends batches until there is none left.
pub(super) async fn all(
    target: Target,
    batches: Arc<Mutex<Batches>>,
) -> Result<ImportReport, LoadError> {
    let mut connection = RestLine::connect(&target).await?;
    let mut report = ImportReport::default();
    while let Some(batch) = next(&batches) {
        let body = send(&target, &mut connection, batch.body.clone()).await?;
        count(&mut report, &batch, &body)?;
    }
    Ok(report)
}

/// Sends one batch, again while the service is overloaded or the connection breaks.
async fn send(target: &Target, connection: &mut RestLine, body: Bytes) -> Result<Bytes, LoadError> {
    let call = Call {
        method: "POST",
        path: PATH.to_owned(),
        key: None,
        body,
        success: 200,
    };
    let mut attempt = 1;
    loop {
        let result = in_time(connection.send(&call)).await;
        let pause_seconds = match result {
            Ok(answer) if answer.status == call.success => return Ok(answer.body),
            Ok(answer) if answer.status == 503 && attempt < MAX_ATTEMPTS => {
                answer.retry_after_seconds.unwrap_or(RETRY_PAUSE_SECONDS)
            }
            Ok(answer) => return Err(refused(&answer)),
            Err(error) if attempt == MAX_ATTEMPTS => return Err(error),
            Err(_) => RETRY_PAUSE_SECONDS,
        };
        let pause = Duration::from_secs(pause_seconds.min(MAX_RETRY_PAUSE_SECONDS));
        tokio::time::sleep(pause).await;
        // A failed connect leaves the old connection, whose next request fails and counts as one.
        if let Ok(fresh) = RestLine::connect(target).await {
            *connection = fresh;
        }
        attempt += 1;
    }
}

async fn in_time<T>(work: impl Future<Output = Result<T, LoadError>>) -> Result<T, LoadError> {
    let seconds = REQUEST_TIMEOUT_SECONDS;
    let limit = Duration::from_secs(seconds);
    let in_time = tokio::time::timeout(limit, work).await;
    in_time.unwrap_or(Err(LoadError::Timeout { seconds }))
}

fn refused(answer: &Response) -> LoadError {
    let body = String::from_utf8_lossy(&answer.body)
        .chars()
        .take(MAX_TOLD_CHARACTERS)
        .collect();
    LoadError::Batch {
        status: answer.status,
        body,
    }
}

/// The answer, as far as it is compared.
#[derive(Deserialize)]
struct Results {
    results: Vec<Placed>,
}

#[derive(Deserialize)]
struct Placed {
    order: Option<Order>,
    problem: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Order {
    totals: Totals,
}

#[derive(Deserialize)]
struct Totals {
    total: u64,
}

fn count(report: &mut ImportReport, batch: &Batch, body: &[u8]) -> Result<(), LoadError> {
    let answer: Results = serde_json::from_slice(body).map_err(LoadError::Json)?;
    if answer.results.len() != batch.orders.len() {
        let (got, sent) = (answer.results.len(), batch.orders.len());
        return Err(LoadError::Answer(format!(
            "{got} results for {sent} orders"
        )));
    }
    report.batches += 1;
    for (sent, placed) in batch.orders.iter().zip(answer.results) {
        let Some(order) = placed.order else {
            let problem = placed.problem.unwrap_or_default();
            let code = problem["code"].as_str().unwrap_or("no code");
            let told: String = problem
                .to_string()
                .chars()
                .take(MAX_TOLD_CHARACTERS)
                .collect();
            report.refuse(code, format!("{}: {told}", sent.idempotency_key));
            continue;
        };
        report.orders += 1;
        report.lines += u64::try_from(sent.order.lines.len()).unwrap_or(u64::MAX);
        report.total += order.totals.total;
        report.wrong_totals += u64::from(order.totals.total != sent.order.total());
    }
    Ok(())
}
