//! An HTTP/1.1 client over one kept connection, as small as the tests allow.

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use planes::{ConnectOptions, Plane, PlaneKind, connect};
use serde_json::{Value, json};
use std::net::SocketAddr;

/// Where requests go, and the connection they share.
pub(crate) struct Client {
    addr: SocketAddr,
    connection: Option<SendRequest<Full<Bytes>>>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Value,
}

impl Client {
    pub(crate) fn new(addr: SocketAddr) -> Client {
        Client {
            addr,
            connection: None,
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Value::Null)
            .await
            .unwrap()
    }

    /// Every event of the feed so far, page by page, in its order.
    pub(crate) async fn changes(&mut self) -> Vec<Value> {
        let (mut changes, mut after) = (Vec::new(), "0".to_owned());
        loop {
            let path = format!("/v1/changes?limit=1000&after={after}");
            let mut page = self.get(&path).await.body;
            let events = page["events"].as_array_mut().unwrap();
            if events.is_empty() {
                return changes;
            }
            changes.append(events);
            page["next_after"].as_str().unwrap().clone_into(&mut after);
        }
    }

    /// A POST with an idempotency key, unless that is empty.
    pub(crate) async fn post(&mut self, path: &str, key: &str, body: Value) -> Answer {
        self.try_post(path, key, body).await.unwrap()
    }

    pub(crate) async fn try_post(
        &mut self,
        path: &str,
        key: &str,
        body: Value,
    ) -> Result<Answer, String> {
        let headers: &[(&str, &str)] = if key.is_empty() {
            &[]
        } else {
            &[("idempotency-key", key)]
        };
        self.send(Method::POST, path, headers, body).await
    }

    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> Result<Answer, String> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.addr.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let bytes = if body.is_null() {
            Bytes::new()
        } else {
            if !headers.iter().any(|(name, _)| *name == "content-type") {
                request = request.header("content-type", "application/json");
            }
            Bytes::from(body.to_string())
        };
        let request = request
            .body(Full::new(bytes))
            .map_err(|error| error.to_string())?;
        let connection = self.connection().await?;
        let answer = connection.send_request(request).await;
        let answer = answer
            .inspect_err(|_| self.connection = None)
            .map_err(|error| error.to_string())?;
        let (head, body) = answer.into_parts();
        let bytes = body
            .collect()
            .await
            .map_err(|error| error.to_string())?
            .to_bytes();
        let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
        let body = serde_json::from_slice(&bytes).unwrap_or_else(|_| text());
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body,
        })
    }

    async fn connection(&mut self) -> Result<&mut SendRequest<Full<Bytes>>, String> {
        if self.connection.as_ref().is_none_or(SendRequest::is_closed) {
            let plane = Plane::unbound(PlaneKind::Data);
            let stream = connect(&plane, self.addr, ConnectOptions::default()).await;
            let stream = stream.map_err(|error| error.to_string())?;
            let (sender, driver) = handshake(TokioIo::new(stream))
                .await
                .map_err(|error| error.to_string())?;
            tokio::spawn(driver);
            self.connection = Some(sender);
        }
        let connection = self.connection.as_mut().ok_or("no connection")?;
        connection
            .ready()
            .await
            .map_err(|error| error.to_string())?;
        Ok(connection)
    }
}

/// An order of one line of `quantity` at 5.00 EUR.
pub(crate) fn order(quantity: i64) -> Value {
    json!({
        "customer_id": "customer-1",
        "currency": "EUR",
        "lines": [{ "sku": "mug", "quantity": quantity, "unit_price": 500 }],
    })
}

/// A fact as a structured `CloudEvents` event.
pub(crate) fn fact(kind: &str, id: &str, data: &Value) -> Value {
    json!({ "specversion": "1.0", "type": kind, "source": "/tests", "id": id, "data": data })
}
