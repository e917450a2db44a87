//! The one connection to Redis, and the breaker in front of it.
//!
//! While it is there, every call of this process goes over it at once (Redis answers in order). The
//! first call that fails or takes too long opens the breaker: the connection is dropped, and calls are
//! answered "away" at once. A task of its own connects again, waits longer each time, and closes the
//! breaker when Redis has answered a question: so no caller ever tries for the others.

use crate::config::Config;
use crate::error::ConnectError;
use crate::metrics::{Failure, LinkMetrics};
use crate::server_time::Sample;
use planes::{Backoff, ConnectOptions};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ErrorKind, RedisConnectionInfo, RedisError, RedisResult};
use redis::{ServerErrorKind, cmd};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tls::TlsError;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

/// Calls that may wait for the connection to take them.
const QUEUED_CALLS: usize = 1_024;

/// What all who use Redis share.
pub(crate) struct Link {
    pub(crate) config: Config,
    state: watch::Sender<State>,
    metrics: LinkMetrics,
}

#[derive(Clone, Default)]
struct State {
    /// `None`: the breaker is open.
    live: Option<Arc<Live>>,
    /// Why, for people.
    failure: String,
}

/// A connection that works, as far as is known.
pub(crate) struct Live {
    connection: MultiplexedConnection,
    sample: Mutex<Sample>,
    broken: Notify,
    /// Whether a refusal was told: one that has a cause, such as a missing right, is met by every call.
    refusal_told: AtomicBool,
}

impl Live {
    /// The server's clock as it was last seen.
    pub(crate) fn sample(&self) -> Sample {
        *self.sample.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The server's clock was seen.
    pub(crate) fn sampled(&self, sample: Sample) {
        *self.sample.lock().unwrap_or_else(PoisonError::into_inner) = sample;
    }
}

/// What moves the bytes of a connection.
type Driver = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Link {
    pub(crate) fn new(config: Config, metrics: LinkMetrics) -> Link {
        let state = State {
            live: None,
            failure: "not connected yet".to_owned(),
        };
        Link {
            config,
            state: watch::Sender::new(state),
            metrics,
        }
    }

    /// What `run` was answered; `None` where Redis is away, does not answer in time, or refuses. `run`
    /// gets the connection and may look at its clock.
    pub(crate) async fn call<T, F>(
        &self,
        run: impl FnOnce(MultiplexedConnection, Arc<Live>) -> F,
    ) -> Option<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let live = self.state.borrow().live.clone()?;
        let running = run(live.connection.clone(), Arc::clone(&live));
        match timeout(self.config.call_timeout, running).await {
            Ok(Ok(answer)) => Some(answer),
            Ok(Err(error)) => {
                self.failed(&live, &error);
                None
            }
            Err(_) => {
                self.metrics.failed(Failure::Timeout);
                let within = self.config.call_timeout;
                self.open_breaker(&live, &format!("a call was not answered within {within:?}"));
                None
            }
        }
    }

    fn failed(&self, live: &Arc<Live>, error: &RedisError) {
        if is_about_the_call(error) {
            self.metrics.failed(Failure::Refused);
            if !live.refusal_told.swap(true, Ordering::Relaxed) {
                let peer = &self.config.peer;
                tracing::warn!(%peer, %error, "Redis refuses calls; look at its memory and the user's rights");
            }
        } else {
            self.metrics.failed(Failure::Connection);
            self.open_breaker(live, &error.to_string());
        }
    }

    /// Whether Redis is there, and what to tell people.
    pub(crate) fn health(&self) -> Result<(), String> {
        let state = self.state.borrow();
        match state.live {
            Some(_) => Ok(()),
            None => Err(state.failure.clone()),
        }
    }

    /// Returns when Redis is there.
    pub(crate) async fn connected(&self) {
        let mut states = self.state.subscribe();
        // The sender lives as long as `self` does.
        let _ = states.wait_for(|state| state.live.is_some()).await;
    }

    /// Opens the breaker, if this connection has not been given up already.
    fn open_breaker(&self, live: &Arc<Live>, failure: &str) {
        let opened = self.state.send_if_modified(|state| {
            let current = state
                .live
                .as_ref()
                .is_some_and(|current| Arc::ptr_eq(current, live));
            if current {
                state.live = None;
                failure.clone_into(&mut state.failure);
            }
            current
        });
        if opened {
            self.metrics.up(false);
            tracing::warn!(peer = %self.config.peer, failure, "Redis is away; going on without");
        }
        live.broken.notify_one();
    }

    fn close_breaker(&self, live: &Arc<Live>) {
        self.metrics.up(true);
        self.state.send_replace(State {
            live: Some(Arc::clone(live)),
            failure: String::new(),
        });
        tracing::info!(peer = %self.config.peer, "Redis is there");
    }

    /// Tells why there is still no connection, once for each reason.
    fn still_away(&self, error: &ConnectError) {
        let failure = error.to_string();
        self.state.send_if_modified(|state| {
            if state.failure == failure {
                return false;
            }
            tracing::warn!(failure, "Redis is away; going on without");
            state.failure = failure;
            true
        });
    }

    /// Keeps a connection for as long as the task runs.
    pub(crate) async fn keep(self: Arc<Link>) {
        let mut backoff = Backoff::new(self.config.first_pause, self.config.longest_pause);
        loop {
            match open(&self.config).await {
                Ok((live, driver)) => {
                    let (live, since) = (Arc::new(live), Instant::now());
                    self.close_breaker(&live);
                    tokio::select! {
                        () = driver => self.open_breaker(&live, "Redis closed the connection"),
                        () = self.watch(&live) => {}
                    }
                    // One that breaks at once again is no success.
                    if since.elapsed() > self.config.longest_pause {
                        backoff.reset();
                    }
                }
                Err(error) => self.still_away(&error),
            }
            sleep(backoff.next_delay()).await;
        }
    }

    /// Asks for the time now and then; returns when the breaker has opened.
    async fn watch(&self, live: &Arc<Live>) {
        let ping = async {
            loop {
                sleep(self.config.ping_interval).await;
                self.call(|connection, live| async move { tell_time(connection, &live).await })
                    .await;
            }
        };
        tokio::select! {
            () = live.broken.notified() => {}
            () = ping => {}
        }
    }
}

async fn tell_time(mut connection: MultiplexedConnection, live: &Live) -> RedisResult<()> {
    let time = cmd("TIME").query_async(&mut connection).await?;
    live.sampled(Sample::now(time));
    Ok(())
}

/// Whether an error says nothing of the connection: a full memory, a missing right.
fn is_about_the_call(error: &RedisError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Server(
            ServerErrorKind::ResponseError | ServerErrorKind::NoPerm | ServerErrorKind::ExecAbort
        ) | ErrorKind::Extension
            | ErrorKind::UnexpectedReturnType
    )
}

/// A connection by the plane, encrypted where that is asked for, whose server has answered a question.
async fn open(config: &Config) -> Result<(Live, Driver), ConnectError> {
    let connect = ConnectOptions {
        timeout: config.connect_timeout,
        ..ConnectOptions::default()
    };
    let connecting = config
        .peer
        .connect(&config.plane, &config.resolver, connect);
    let stream = connecting.await?;
    let opening = async {
        match &config.tls {
            None => sign_in(config, stream).await,
            Some(tls) => match tls.connect(config.peer.host(), stream).await {
                Ok(stream) => sign_in(config, stream).await,
                Err(source) => Err(ConnectError::Tls {
                    peer: config.peer.clone(),
                    source,
                }),
            },
        }
    };
    let opened = timeout(config.connect_timeout, opening).await;
    opened.unwrap_or_else(|_| {
        Err(ConnectError::Silent {
            peer: config.peer.clone(),
            timeout: config.connect_timeout,
        })
    })
}

/// Signs in, and asks for the time.
async fn sign_in<S>(config: &Config, stream: S) -> Result<(Live, Driver), ConnectError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut login = RedisConnectionInfo::default()
        .set_db(config.database.into())
        .set_lib_name("order-service", env!("CARGO_PKG_VERSION"));
    if let Some(user) = &config.user {
        login = login.set_username(user);
    }
    if let Some(password) = &config.password {
        login = login.set_password(&password.0);
    }
    // Calls have a time limit of their own.
    let options = AsyncConnectionConfig::new()
        .set_response_timeout(None)
        .set_connection_timeout(None)
        .set_pipeline_buffer_size(QUEUED_CALLS);
    let refused = |source: RedisError| {
        let peer = config.peer.clone();
        match TlsError::within(config.peer.host(), &source) {
            Some(source) => ConnectError::Tls { peer, source },
            None => ConnectError::Refused { peer, source },
        }
    };
    let (mut connection, driver) = MultiplexedConnection::new_with_config(&login, stream, options)
        .await
        .map_err(refused)?;
    let mut driver: Driver = Box::pin(driver);
    let time = tokio::select! {
        time = async { cmd("TIME").query_async(&mut connection).await } => time.map_err(refused)?,
        () = &mut driver => {
            return Err(refused(RedisError::from((ErrorKind::Io, "the connection was closed"))));
        }
    };
    let live = Live {
        connection,
        sample: Mutex::new(Sample::now(time)),
        broken: Notify::new(),
        refusal_told: AtomicBool::new(false),
    };
    Ok((live, driver))
}
