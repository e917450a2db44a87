//! A caller of gRPC, on one kept connection at a time.

use super::callers::{Answer, Ask, Moves, Told, Wire};
use super::fleet::{Endpoint, Endpoints};
use super::request_log::Protocol;
use crate::grpc::place;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use order_proto::v1::order_service_client::OrderServiceClient;
use order_proto::v1::{
    AmendOrderRequest, CancelOrderRequest, GetOrderRequest, Order, OrderAmendment,
};
use planes::{ConnectOptions, Plane, PlaneKind, connect};
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use tonic::body::Body;
use tonic::{Code, Status};

pub(crate) type Client = OrderServiceClient<Channel>;

pub(crate) struct GrpcWire {
    endpoints: Endpoints,
    moves: Moves,
    kept: Option<Connection>,
}

struct Connection {
    to: Endpoint,
    client: Client,
    used: usize,
}

impl GrpcWire {
    pub(crate) fn new(endpoints: Endpoints, moves: Moves) -> GrpcWire {
        GrpcWire {
            endpoints,
            moves,
            kept: None,
        }
    }

    async fn connection(&mut self) -> Result<Connection, (Endpoint, String)> {
        if let Some(kept) = self.kept.take()
            && !self.moves.is_due(kept.used)
        {
            return Ok(kept);
        }
        let to = self.endpoints.next();
        match open(to).await {
            Ok(client) => Ok(Connection {
                to,
                client,
                used: 0,
            }),
            Err(error) => Err((to, format!("cannot connect: {error}"))),
        }
    }
}

impl Wire for GrpcWire {
    const PROTOCOL: Protocol = Protocol::Grpc;

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
            let told = match call(&mut connection.client, ask).await {
                Ok(order) => Ok(told(order)),
                Err(status) => match unanswered(&status) {
                    Some(Unanswered {
                        seen: Seen::NeverLeft,
                        ..
                    }) if kept => continue,
                    Some(Unanswered {
                        seen: Seen::Refused,
                        ..
                    }) if again.is_none() => {
                        again = Some(to.build);
                        continue;
                    }
                    _ => Err(format!("{status:?}")),
                },
            };
            connection.used += 1;
            self.kept = told.is_ok().then_some(connection);
            return Answer { to, again, told };
        }
    }
}

async fn call(client: &mut Client, ask: &Ask) -> Result<Order, Status> {
    let answer = match ask {
        Ask::Place { key } => client.place_order(place(key, 1)).await,
        Ask::Read { id } => {
            client
                .get_order(GetOrderRequest {
                    order_id: id.clone(),
                })
                .await
        }
        Ask::Aged { id, seconds } => {
            let read = GetOrderRequest {
                order_id: id.clone(),
            };
            let mut request = tonic::Request::new(read);
            request
                .metadata_mut()
                .insert("max-staleness", (*seconds).into());
            client.get_order(request).await
        }
        Ask::Amend { id, key } => {
            let pair = ("changed".to_owned(), "yes".to_owned());
            let mut amend = AmendOrderRequest {
                order_id: id.clone(),
                order: Some(OrderAmendment {
                    metadata: [pair].into(),
                    ..OrderAmendment::default()
                }),
                request_id: key.clone(),
                ..AmendOrderRequest::default()
            };
            let mask = amend.update_mask.get_or_insert_default();
            mask.paths = vec!["metadata.changed".to_owned()];
            client.amend_order(amend).await
        }
        Ask::Cancel { id, key } => {
            let cancel = CancelOrderRequest {
                order_id: id.clone(),
                reason: "changed my mind".to_owned(),
                request_id: key.clone(),
                ..CancelOrderRequest::default()
            };
            client.cancel_order(cancel).await
        }
    };
    answer.map(tonic::Response::into_inner)
}

fn told(order: Order) -> Told {
    Told {
        id: order.order_id,
        version: u64::try_from(order.version).unwrap(),
    }
}

/// Connects to a replica.
pub(crate) async fn open(to: Endpoint) -> Result<Client, String> {
    let plane = Plane::unbound(PlaneKind::Data);
    let stream = connect(&plane, to.grpc, ConnectOptions::default()).await;
    let stream = stream.map_err(|error| error.to_string())?;
    let (send, driver) = handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    tokio::spawn(driver);
    let origin = http::Uri::from_static("http://orders");
    Ok(Client::with_origin(Channel(send), origin))
}

/// How much the server has seen of a call without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    NeverLeft,
    /// It said that it did not look at it.
    Refused,
    Perhaps,
}

/// Why a call has no answer.
#[derive(Debug)]
pub(crate) struct Unanswered {
    seen: Seen,
    why: String,
}

impl Unanswered {
    fn never_left(error: &hyper::Error) -> Unanswered {
        Unanswered {
            seen: Seen::NeverLeft,
            why: format!("{error:?}"),
        }
    }

    fn sent(error: &hyper::Error) -> Unanswered {
        let http2 = error
            .source()
            .and_then(|source| source.downcast_ref::<h2::Error>());
        let refused = http2.is_some_and(|error| {
            let reason = error.reason();
            error.is_remote()
                && (error.is_go_away() && reason == Some(h2::Reason::NO_ERROR)
                    || error.is_reset() && reason == Some(h2::Reason::REFUSED_STREAM))
        });
        Unanswered {
            seen: if refused {
                Seen::Refused
            } else {
                Seen::Perhaps
            },
            why: format!("{error:?}"),
        }
    }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl Error for Unanswered {}

fn unanswered(status: &Status) -> Option<&Unanswered> {
    (status.code() == Code::Unknown).then_some(())?;
    status.source()?.downcast_ref()
}

/// An HTTP/2 connection as the generated client takes one, which tells what the server has seen.
pub(crate) struct Channel(SendRequest<Body>);

impl tower::Service<Request<Body>> for Channel {
    type Response = Response<Incoming>;
    type Error = Unanswered;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Incoming>, Unanswered>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unanswered>> {
        // Asked in the call: of an error here the generated client would keep the words alone.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let mut send = self.0.clone();
        Box::pin(async move {
            let ready = send.ready().await;
            ready.map_err(|error| Unanswered::never_left(&error))?;
            send.try_send_request(request).await.map_err(|mut error| {
                let never_left = error.take_message().is_some();
                let error = error.into_error();
                if never_left {
                    Unanswered::never_left(&error)
                } else {
                    Unanswered::sent(&error)
                }
            })
        })
    }
}
