//! Throughput and latency of a plane, against the same program at the other end: what a network gives
//! before TLS, HTTP and orders come on top.
//!
//! A client's first byte says what it wants: `E` has every byte sent back, `S` has bytes counted
//! and the count answered at the end, `D` has bytes sent until the client goes.
#![expect(
    clippy::float_arithmetic,
    reason = "figures for people, of no consequence"
)]

use planes::{
    ConnectOptions, Drain, ListenOptions, Listener, Plane, PlaneError, ServeLimits, connect,
    listen, serve,
};
use serde::Serialize;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Where the other end listens.
pub const PERF_PORT: u16 = 9_099;

const ECHO: u8 = b'E';
const SINK: u8 = b'S';
const SOURCE: u8 = b'D';

/// An echo's bytes: about a small request's.
const ECHO_BYTES: usize = 64;
/// Echoes at most.
const MAX_ECHOES: usize = 20_000;
/// How long echoes go to and fro.
const ECHO_TIME: Duration = Duration::from_secs(1);
/// What is written and read at a time.
const BLOCK_BYTES: usize = 128 * 1024;
/// No measurement takes longer; a connection that does is ended.
const MAX_TIME: Duration = Duration::from_secs(30);
/// Clients at a time.
const MAX_CLIENTS: usize = 4;

/// What a plane gives.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// `storage plane (net3)`.
    pub plane: String,
    /// The other end.
    pub peer: SocketAddr,
    /// Of 64 bytes there and back, in microseconds.
    pub round_trip_p50_micros: f64,
    /// As above.
    pub round_trip_p99_micros: f64,
    /// Echoes that were measured.
    pub round_trips: usize,
    /// To the peer, in megabits a second, over one connection.
    pub send_mbit_per_second: f64,
    /// From the peer.
    pub receive_mbit_per_second: f64,
}

/// Listens for measurements on a plane. Must be called inside a Tokio runtime.
pub fn listen_for_measurements(plane: &Plane, port: u16) -> Result<Listener, PlaneError> {
    let any = SocketAddr::from(([0, 0, 0, 0], port));
    listen(plane, any, ListenOptions::default())
}

/// Answers them until `stop`.
pub async fn answer(listener: Listener, stop: impl Future<Output = ()>) {
    let limits = ServeLimits {
        max_connections: MAX_CLIENTS,
        drain_timeout: Duration::ZERO,
    };
    serve(listener, limits, stop, |stream, _, _: Drain| async move {
        // A client that goes is the usual end.
        _ = timeout(MAX_TIME, one(stream)).await;
    })
    .await;
}

async fn one(mut stream: TcpStream) -> io::Result<()> {
    let mut block = vec![0; BLOCK_BYTES];
    match stream.read_u8().await? {
        ECHO => loop {
            let read = stream.read(&mut block).await?;
            if read == 0 {
                return Ok(());
            }
            stream.write_all(&block[..read]).await?;
        },
        SINK => {
            let mut total = 0_u64;
            loop {
                let read = stream.read(&mut block).await?;
                if read == 0 {
                    return stream.write_u64(total).await;
                }
                total += read as u64;
            }
        }
        SOURCE => loop {
            stream.write_all(&block).await?;
        },
        _ => Ok(()),
    }
}

/// Measures a plane against `peer`, which must [`answer`]: a second of echoes, then `time` in each
/// direction (30 s at most).
pub async fn measure(
    plane: &Plane,
    peer: SocketAddr,
    time: Duration,
) -> Result<Measured, PerfError> {
    let time = time.min(MAX_TIME);
    let failed = |doing| {
        move |source| PerfError::Broken {
            peer,
            doing,
            source,
        }
    };
    let mut laps = echoes(open(plane, peer, ECHO).await?)
        .await
        .map_err(failed("measuring the round trip"))?;
    laps.sort_unstable();
    let at = |percent: usize| {
        let lap = laps.get(laps.len().saturating_sub(1) * percent / 100);
        lap.map_or(0.0, |lap| lap.as_secs_f64() * 1e6)
    };
    let send = send(open(plane, peer, SINK).await?, time)
        .await
        .map_err(failed("sending"))?;
    let receive = receive(open(plane, peer, SOURCE).await?, time)
        .await
        .map_err(failed("receiving"))?;
    Ok(Measured {
        plane: plane.to_string(),
        peer,
        round_trip_p50_micros: at(50),
        round_trip_p99_micros: at(99),
        round_trips: laps.len(),
        send_mbit_per_second: send,
        receive_mbit_per_second: receive,
    })
}

async fn open(plane: &Plane, peer: SocketAddr, what: u8) -> Result<TcpStream, PerfError> {
    let mut stream = connect(plane, peer, ConnectOptions::default())
        .await
        .map_err(PerfError::Connect)?;
    stream
        .write_u8(what)
        .await
        .map_err(|source| PerfError::Broken {
            peer,
            doing: "beginning",
            source,
        })?;
    Ok(stream)
}

async fn echoes(mut stream: TcpStream) -> io::Result<Vec<Duration>> {
    let (mut laps, mut block) = (Vec::new(), [7_u8; ECHO_BYTES]);
    let started = Instant::now();
    while started.elapsed() < ECHO_TIME && laps.len() < MAX_ECHOES {
        let sent = Instant::now();
        stream.write_all(&block).await?;
        stream.read_exact(&mut block).await?;
        laps.push(sent.elapsed());
    }
    Ok(laps)
}

/// Megabits a second, as the other end counted them.
async fn send(mut stream: TcpStream, time: Duration) -> io::Result<f64> {
    let block = vec![7; BLOCK_BYTES];
    let started = Instant::now();
    while started.elapsed() < time {
        stream.write_all(&block).await?;
    }
    stream.shutdown().await?;
    let total = stream.read_u64().await?;
    Ok(mbit_per_second(total, started.elapsed()))
}

async fn receive(mut stream: TcpStream, time: Duration) -> io::Result<f64> {
    let mut block = vec![0; BLOCK_BYTES];
    let (started, mut total) = (Instant::now(), 0_u64);
    while started.elapsed() < time {
        let read = stream.read(&mut block).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        total += read as u64;
    }
    Ok(mbit_per_second(total, started.elapsed()))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "bytes of some seconds are far below 2^53"
)]
fn mbit_per_second(bytes: u64, took: Duration) -> f64 {
    bytes as f64 * 8.0 / 1e6 / took.as_secs_f64()
}

/// Why a plane could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum PerfError {
    /// Nobody answers.
    #[error("{0}; at the other end run: order-service netcheck perf --serve")]
    Connect(#[source] PlaneError),
    /// The other end went, or is another program.
    #[error("{peer} broke off while {doing}: {source}; is it order-service netcheck perf --serve?")]
    Broken {
        /// The other end.
        peer: SocketAddr,
        /// During which part.
        doing: &'static str,
        /// What the socket said.
        source: io::Error,
    },
}
