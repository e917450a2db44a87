//! Everything that can go wrong, as a status with google.rpc details (AIP-193). Nobody else makes one.
//!
//! A reason is REST's code in upper case: one word for one matter, whoever asks.

use crate::call::Call;
use order_core::app::AppError;
use order_core::domain::{Refusal, Violations};
use order_core::ports::{Denied, FeedError, StoreError};
use order_proto::rpc::bad_request::FieldViolation;
use order_proto::rpc::{self, BadRequest, ErrorInfo, RequestInfo, RetryInfo};
use prost::{Message, Name};
use prost_types::Any;
use std::collections::BTreeMap;
use std::time::Duration;
use tonic::{Code, Status};

/// `ErrorInfo.domain` of every error.
const DOMAIN: &str = "orders";

/// When a caller may try again, where nobody knows better.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Bytes of violations that one status tells, at most. Details travel in a header, in base64, and some
/// clients take no more than 8 KiB of headers: beyond it they would hide the whole error.
const MAX_VIOLATION_BYTES: usize = 4_096;

macro_rules! reasons {
    ($($name:ident = $code:ident $retry:literal $reason:literal),+ $(,)?) => {
        /// What went wrong, in a word that never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Reason { $($name),+ }

        impl Reason {
            const fn code(self) -> Code {
                match self { $(Reason::$name => Code::$code),+ }
            }

            const fn as_str(self) -> &'static str {
                match self { $(Reason::$name => $reason),+ }
            }

            /// Whether the same request may succeed later.
            const fn may_pass(self) -> bool {
                match self { $(Reason::$name => $retry),+ }
            }
        }
    };
}

reasons! {
    InvalidArgument = InvalidArgument false "INVALID_ARGUMENT",
    TotalMismatch = InvalidArgument false "TOTAL_MISMATCH",
    Unauthenticated = Unauthenticated false "UNAUTHENTICATED",
    PermissionDenied = PermissionDenied false "PERMISSION_DENIED",
    NotFound = NotFound false "NOT_FOUND",
    AlreadyExists = AlreadyExists false "ALREADY_EXISTS",
    FactIdReused = AlreadyExists false "FACT_ID_REUSED",
    IdempotencyKeyReused = AlreadyExists false "IDEMPOTENCY_KEY_REUSED",
    ActionNotAllowed = FailedPrecondition false "ACTION_NOT_ALLOWED",
    LedgerFull = FailedPrecondition false "LEDGER_FULL",
    PositionGone = OutOfRange false "POSITION_GONE",
    VersionMismatch = Aborted false "VERSION_MISMATCH",
    PayloadTooLarge = ResourceExhausted false "PAYLOAD_TOO_LARGE",
    RateLimited = ResourceExhausted true "RATE_LIMITED",
    Unimplemented = Unimplemented false "UNIMPLEMENTED",
    Internal = Internal false "INTERNAL",
    Contended = Unavailable true "CONTENDED",
    Overloaded = ResourceExhausted true "OVERLOADED",
    Unavailable = Unavailable true "UNAVAILABLE",
    Draining = Unavailable true "DRAINING",
    Timeout = Unavailable true "TIMEOUT",
    DeadlineExceeded = DeadlineExceeded false "TIMEOUT",
}

/// An answer that says what went wrong.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    reason: Reason,
    detail: Box<str>,
    violations: Violations,
    metadata: BTreeMap<String, String>,
    retry_delay: Option<Duration>,
    /// For the log alone: hosts, files and rows are nothing for callers.
    cause: Option<String>,
}

impl Problem {
    /// A problem, with words for the caller.
    pub(crate) fn new(reason: Reason, detail: impl Into<Box<str>>) -> Problem {
        Problem {
            reason,
            detail: detail.into(),
            violations: Violations::new(),
            metadata: BTreeMap::new(),
            retry_delay: reason.may_pass().then_some(RETRY_DELAY),
            cause: None,
        }
    }

    /// The content of the request is wrong.
    pub(crate) fn invalid(violations: Violations) -> Problem {
        let reason = if violations.is_total_mismatch() {
            Reason::TotalMismatch
        } else {
            Reason::InvalidArgument
        };
        let detail = match violations.as_slice() {
            [one] => format!("{} {}", one.field, one.reason),
            all => format!(
                "{} things are wrong with the request; BadRequest names them",
                all.len()
            ),
        };
        Problem {
            violations,
            ..Problem::new(reason, detail)
        }
    }

    /// What the edge and the application together found wrong. `outcome` is of a call that changed
    /// nothing, made to hear what else is wrong; anything else that it says is beside the point.
    pub(crate) fn told<T>(mut wrong: Violations, outcome: Result<T, AppError>) -> Problem {
        if let Err(AppError::Refused(Refusal::Invalid(more))) = outcome {
            wrong.merge(more);
        }
        Problem::invalid(wrong)
    }

    /// The service stops; another one, or this one after its start, goes on.
    pub(crate) fn draining() -> Problem {
        Problem::new(
            Reason::Draining,
            "the service stops; connect again and resume after the last position",
        )
    }

    /// The caller's deadline has passed.
    pub(crate) fn deadline_exceeded() -> Problem {
        Problem::new(
            Reason::DeadlineExceeded,
            "no answer before the caller's deadline; a change may have been made or not: repeat the \
             request with the same request_id",
        )
    }

    /// Our own patience has ended before the caller's.
    pub(crate) fn timeout(patience: Duration) -> Problem {
        let detail = format!(
            "no answer within {} ms; a change may have been made or not: repeat the request with the \
             same request_id",
            patience.as_millis()
        );
        Problem::new(Reason::Timeout, detail)
    }

    /// The caller has used up its quota.
    pub(crate) fn rate_limited(retry_after_millis: u64) -> Problem {
        let millis = retry_after_millis.max(1);
        let detail = format!("the quota of calls is used up; try again in {millis} ms");
        Problem {
            retry_delay: Some(Duration::from_millis(millis)),
            ..Problem::new(Reason::RateLimited, detail)
        }
    }

    /// A defect, with its cause for the log.
    pub(crate) fn internal(cause: impl Into<String>) -> Problem {
        let detail = "look for the call's x-request-id in the service's log";
        Problem {
            cause: Some(cause.into()),
            ..Problem::new(Reason::Internal, detail)
        }
    }

    /// What the library refused before a method was called: everything it finds wrong is with what the
    /// caller sent.
    pub(crate) fn of_transport(status: &Status, max_message_bytes: usize) -> Problem {
        match status.code() {
            Code::OutOfRange => Problem::new(
                Reason::PayloadTooLarge,
                format!("the message is larger than {max_message_bytes} bytes"),
            ),
            Code::Unimplemented => Problem::new(Reason::Unimplemented, status.message()),
            _ => Problem::new(
                Reason::InvalidArgument,
                format!("the message cannot be read: {}", status.message()),
            ),
        }
    }

    /// One more thing that programs may want to know.
    fn with(mut self, key: &str, value: &impl ToString) -> Problem {
        self.metadata.insert(key.to_owned(), value.to_string());
        self
    }

    /// The same, the path of each violation behind `prefix`: of one order among many.
    pub(crate) fn inside(mut self, prefix: &str) -> Problem {
        if !self.violations.is_empty() {
            self = Problem::invalid(self.violations.prefixed(prefix));
        }
        self
    }

    /// Whether the matter is on our side.
    pub(crate) const fn is_ours(&self) -> bool {
        matches!(
            self.reason.code(),
            Code::Internal | Code::Unavailable | Code::ResourceExhausted
        ) && !matches!(
            self.reason,
            Reason::PayloadTooLarge | Reason::Draining | Reason::RateLimited
        )
    }

    /// The answer. A problem on our side is logged here, once.
    pub(crate) fn into_status(self, call: &Call) -> Status {
        self.log(call);
        let message = self.message(call);
        Status::with_details(
            self.reason.code(),
            message.message.as_str(),
            message.encode_to_vec().into(),
        )
    }

    /// The same as a message, for one order of a batch.
    pub(crate) fn message(&self, call: &Call) -> rpc::Status {
        let request_id = call.context.request_id();
        let mut details = vec![any(&ErrorInfo {
            reason: self.reason.as_str().to_owned(),
            domain: DOMAIN.to_owned(),
            metadata: self.metadata.clone(),
        })];
        if !self.violations.is_empty() {
            details.push(any(&BadRequest {
                field_violations: field_violations(&self.violations),
            }));
        }
        if let Some(delay) = self.retry_delay {
            let retry_delay = prost_types::Duration::try_from(delay).ok();
            details.push(any(&RetryInfo { retry_delay }));
        }
        details.push(any(&RequestInfo {
            request_id,
            serving_data: String::new(),
        }));
        rpc::Status {
            code: self.reason.code().into(),
            message: self.detail.to_string(),
            details,
        }
    }

    /// Logs what is on our side: a defect as an error, a dependency that is away as a warning. What was
    /// refused because too much waits is counted (by code) and not told: thousands of lines a second
    /// would cost more than the refusals.
    pub(crate) fn log(&self, call: &Call) {
        let cause = self.cause.as_deref().unwrap_or(&self.detail);
        let reason = self.reason.as_str();
        let request_id = || call.context.request_id();
        let trace_id = || call.context.trace_id();
        if self.reason == Reason::Internal {
            tracing::error!(
                reason,
                cause,
                request_id = request_id(),
                trace_id = trace_id(),
                "a call failed"
            );
        } else if self.reason == Reason::Overloaded {
            tracing::debug!(
                reason,
                cause,
                request_id = request_id(),
                trace_id = trace_id(),
                "a call was refused"
            );
        } else if self.is_ours() {
            tracing::warn!(
                reason,
                cause,
                request_id = request_id(),
                trace_id = trace_id(),
                "a call could not be answered now"
            );
        }
    }
}

fn any<M: Message + Name>(message: &M) -> Any {
    Any {
        type_url: M::type_url(),
        value: message.encode_to_vec(),
    }
}

/// As many as fit; the last one says how many do not.
fn field_violations(violations: &Violations) -> Vec<FieldViolation> {
    let all = violations.as_slice();
    let mut bytes = 0;
    let fits = |one: &&order_core::domain::Violation| {
        bytes += one.field.len() + one.reason.len();
        bytes <= MAX_VIOLATION_BYTES
    };
    let told = |one: &order_core::domain::Violation| FieldViolation {
        field: one.field.clone(),
        description: one.reason.clone(),
        ..FieldViolation::default()
    };
    let mut fitting: Vec<_> = all.iter().take_while(fits).map(told).collect();
    if fitting.len() < all.len() {
        fitting.push(FieldViolation {
            description: format!("{} more things are wrong", all.len() - fitting.len()),
            ..FieldViolation::default()
        });
    }
    fitting
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Problem {
        let detail = denied.to_string();
        match denied {
            Denied::Unnamed => Problem::new(Reason::Unauthenticated, detail),
            Denied::Lacks { role, .. } => {
                Problem::new(Reason::PermissionDenied, detail).with("role", &role)
            }
        }
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Problem {
        let detail = error.to_string();
        let say = |reason| Problem::new(reason, detail.as_str());
        match error {
            AppError::Refused(Refusal::Invalid(violations)) => Problem::invalid(violations),
            AppError::Refused(Refusal::NotAllowed { action, state, .. }) => {
                say(Reason::ActionNotAllowed)
                    .with("action", &action)
                    .with("state", &state)
            }
            AppError::Refused(Refusal::UnknownHold { .. }) | AppError::NotFound(_) => {
                say(Reason::NotFound)
            }
            AppError::Refused(Refusal::LedgerFull { .. }) => say(Reason::LedgerFull),
            AppError::KeyReused => say(Reason::IdempotencyKeyReused),
            AppError::ExternalIdTaken { order_id } => {
                say(Reason::AlreadyExists).with("order_id", &order_id)
            }
            AppError::FactIdReused => say(Reason::FactIdReused),
            AppError::VersionMismatch { current } => {
                say(Reason::VersionMismatch).with("etag", &format!("v{current}"))
            }
            AppError::Contended { .. } => say(Reason::Contended),
            AppError::Feed(FeedError::Gone { oldest }) => {
                say(Reason::PositionGone).with("oldest", &oldest)
            }
            AppError::Feed(FeedError::Ahead { .. }) => {
                Problem::invalid(Violations::one("after", detail))
            }
            AppError::Feed(FeedError::Store(error)) | AppError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        let cause = Some(error.to_string());
        match error {
            StoreError::Overloaded {
                retry_after_millis, ..
            } => Problem {
                retry_delay: Some(Duration::from_millis(retry_after_millis.max(1))),
                cause,
                ..Problem::new(
                    Reason::Overloaded,
                    "too many changes wait already; nothing was changed: try again",
                )
            },
            StoreError::Unavailable { .. } => {
                let detail = "the store does not answer; a change may have been made or not: repeat the \
                              request with the same request_id";
                Problem {
                    cause,
                    ..Problem::new(Reason::Unavailable, detail)
                }
            }
            StoreError::Corrupt { detail } => Problem::internal(detail),
        }
    }
}
