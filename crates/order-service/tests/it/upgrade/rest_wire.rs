//! A caller of REST by HTTP/1.1, on one kept connection at a time.

use super::callers::{Answer, Ask, Moves, Told, Wire};
use super::fleet::{Endpoint, Endpoints};
use super::request_log::Protocol;
use crate::client::order;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use planes::{ConnectOptions, Plane, PlaneKind, connect};
use serde_json::{Value, json};

pub(crate) struct RestWire {
    endpoints: Endpoints,
    moves: Moves,
    kept: Option<Connection>,
}

struct Connection {
    to: Endpoint,
    sender: SendRequest<Full<Bytes>>,
    used: usize,
}

impl RestWire {
    pub(crate) fn new(endpoints: Endpoints, moves: Moves) -> RestWire {
        RestWire {
            endpoints,
            moves,
            kept: None,
        }
    }

    /// The kept connection, if it is open still and not to be left; else one to the next replica.
    async fn connection(&mut self) -> Result<Connection, (Endpoint, String)> {
        if let Some(mut kept) = self.kept.take()
            && !self.moves.is_due(kept.used)
            && kept.sender.ready().await.is_ok()
        {
            return Ok(kept);
        }
        let to = self.endpoints.next();
        let opened = open(to).await;
        opened.map_err(|error| (to, format!("cannot connect: {error}")))
    }
}

impl Wire for RestWire {
    const PROTOCOL: Protocol = Protocol::Rest;

    fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    async fn attempts(&mut self, ask: &Ask) -> Answer {
        let mut again = None;
        loop {
            let mut connection = match self.connection().await {
                Ok(connection) => connection,
                Err((to, why)) => {
                    return Answer {
                        to,
                        again,
                        told: Err(why),
                    };
                }
            };
            let (to, kept) = (connection.to, connection.used > 0);
            let told = match connection.sender.try_send_request(request(ask, to)).await {
                Ok(response) => read(response).await,
                Err(mut error) => {
                    let never_left = error.take_message().is_some();
                    let error = error.into_error();
                    // Every request here is a read or has an `Idempotency-Key`; this is before any answer.
                    if kept && never_left {
                        continue;
                    }
                    if kept && again.is_none() {
                        again = Some(to.build);
                        continue;
                    }
                    Err(format!("no answer: {error:?}"))
                }
            };
            connection.used += 1;
            self.kept = told.is_ok().then_some(connection);
            return Answer { to, again, told };
        }
    }
}

async fn open(to: Endpoint) -> Result<Connection, String> {
    let plane = Plane::unbound(PlaneKind::Data);
    let stream = connect(&plane, to.rest, ConnectOptions::default()).await;
    let stream = stream.map_err(|error| error.to_string())?;
    let (sender, driver) = handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    tokio::spawn(driver);
    Ok(Connection {
        to,
        sender,
        used: 0,
    })
}

fn request(ask: &Ask, to: Endpoint) -> Request<Full<Bytes>> {
    let order_path = |id: &str, verb: &str| format!("/v1/orders/{id}{verb}");
    let (path, key, body) = match ask {
        Ask::Place { key } => ("/v1/orders".to_owned(), Some(key), order(1)),
        Ask::Read { id } | Ask::Aged { id, .. } => (order_path(id, ""), None, Value::Null),
        Ask::Amend { id, key } => {
            let change = json!({ "metadata": { "changed": "yes" } });
            (order_path(id, ":amend"), Some(key), change)
        }
        Ask::Cancel { id, key } => {
            let reason = json!({ "reason": "changed my mind" });
            (order_path(id, ":cancel"), Some(key), reason)
        }
    };
    let mut request = Request::builder()
        .uri(path)
        .header("host", to.rest.to_string());
    if let Ask::Aged { seconds, .. } = ask {
        request = request.header("cache-control", format!("max-age={seconds}"));
    }
    let mut bytes = Bytes::new();
    if let Some(key) = key {
        request = request.method("POST").header("idempotency-key", key);
        request = request.header("content-type", "application/json");
        bytes = Bytes::from(body.to_string());
    }
    request.body(Full::new(bytes)).unwrap()
}

async fn read(response: Response<Incoming>) -> Result<Told, String> {
    let (head, body) = response.into_parts();
    let body = body.collect().await;
    let bytes = body
        .map_err(|error| format!("half an answer: {error:?}"))?
        .to_bytes();
    let text = || String::from_utf8_lossy(&bytes).into_owned();
    if !head.status.is_success() {
        return Err(format!("{}: {}", head.status, text()));
    }
    let body: Value = serde_json::from_slice(&bytes).map_err(|_| text())?;
    let told = |body: &Value| {
        Some(Told {
            id: body["order_id"].as_str()?.to_owned(),
            version: body["version"].as_u64()?,
        })
    };
    told(&body).ok_or_else(text)
}
