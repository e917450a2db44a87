//! Everything that can go wrong, as `application/problem+json` (RFC 9457). Nobody else makes one.

use crate::context::Context;
use axum::body::Body;
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use order_core::app::AppError;
use order_core::domain::{Refusal, Violations};
use order_core::ports::{Denied, FeedError, StoreError};
use order_json::Malformed;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

macro_rules! codes {
    ($($name:ident = $status:literal $code:literal $title:literal),+ $(,)?) => {
        /// What went wrong, in a word that never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Code { $($name),+ }

        impl Code {
            pub(crate) const fn status(self) -> u16 {
                match self { $(Code::$name => $status),+ }
            }

            const fn as_str(self) -> &'static str {
                match self { $(Code::$name => $code),+ }
            }

            const fn title(self) -> &'static str {
                match self { $(Code::$name => $title),+ }
            }

            /// The problem's `type`.
            const fn type_uri(self) -> &'static str {
                match self { $(Code::$name => concat!("urn:order-service:problem:", $code)),+ }
            }
        }
    };
}

codes! {
    InvalidArgument = 400 "invalid_argument" "The request is not valid",
    TotalMismatch = 400 "total_mismatch" "The order's total is not the expected one",
    Unauthenticated = 401 "unauthenticated" "Nobody knows who the caller is",
    PermissionDenied = 403 "permission_denied" "The caller may not do this",
    NotFound = 404 "not_found" "There is no such thing",
    MethodNotAllowed = 405 "method_not_allowed" "The method is not allowed here",
    NotAcceptable = 406 "not_acceptable" "The answer has no form that the caller accepts",
    RequestTimeout = 408 "request_timeout" "The request did not come in time",
    AlreadyExists = 409 "already_exists" "Another order has this number",
    FactIdReused = 409 "fact_id_reused" "The event's source and id were used for another fact",
    ActionNotAllowed = 409 "action_not_allowed" "The order does not allow this now",
    LedgerFull = 409 "ledger_full" "The order takes no more facts",
    PositionGone = 410 "position_gone" "Events after this position are no longer kept",
    VersionMismatch = 412 "version_mismatch" "The order has another version",
    PayloadTooLarge = 413 "payload_too_large" "The body is too large",
    UnsupportedMediaType = 415 "unsupported_media_type" "The body is of a type that is not taken",
    IdempotencyKeyReused = 422 "idempotency_key_reused" "The idempotency key was used for another request",
    RateLimited = 429 "rate_limited" "The caller calls too often",
    Internal = 500 "internal" "Something is wrong in the service",
    Contended = 503 "contended" "The order changes too fast",
    Overloaded = 503 "overloaded" "Too much waits already",
    Unavailable = 503 "unavailable" "The store does not answer",
    Timeout = 503 "timeout" "The answer took too long",
}

/// Seconds after which a caller may try again, where nobody knows better.
const RETRY_AFTER_SECONDS: u64 = 1;

/// How callers prove themselves: 401 must name a way (RFC 9110 section 11.6.1), and has none registered
/// for certificates of clients.
const BY_CERTIFICATE: &str = "ClientCertificate";

/// An answer that says what went wrong.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    code: Code,
    detail: String,
    violations: Violations,
    allow: Option<&'static str>,
    retry_after_seconds: Option<u64>,
    /// For the log alone: hosts, files and rows are nothing for callers.
    cause: Option<String>,
}

impl Problem {
    /// A problem, with words for the caller.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Problem {
        Problem {
            code,
            detail: detail.into(),
            violations: Violations::new(),
            allow: None,
            retry_after_seconds: (code.status() == 503).then_some(RETRY_AFTER_SECONDS),
            cause: None,
        }
    }

    /// The content of the request is wrong.
    pub(crate) fn invalid(violations: Violations) -> Problem {
        let code = if violations.is_total_mismatch() {
            Code::TotalMismatch
        } else {
            Code::InvalidArgument
        };
        let detail = match violations.as_slice() {
            [one] => format!("{} {}", one.field, one.reason),
            all => format!(
                "{} things are wrong with the request; violations names them",
                all.len()
            ),
        };
        Problem {
            violations,
            ..Problem::new(code, detail)
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

    /// No such path.
    pub(crate) fn no_such_path() -> Problem {
        Problem::new(
            Code::NotFound,
            "nothing stands under this path; GET /openapi.json names what there is",
        )
    }

    /// The path has other methods.
    pub(crate) fn method_not_allowed(allow: &'static str) -> Problem {
        let detail = format!("allowed here: {allow}");
        Problem {
            allow: Some(allow),
            ..Problem::new(Code::MethodNotAllowed, detail)
        }
    }

    /// The caller has used up its quota.
    pub(crate) fn rate_limited(retry_after_millis: u64) -> Problem {
        let seconds = retry_after_millis.div_ceil(1_000).max(1);
        let detail = format!("the quota of calls is used up; try again in {seconds} s");
        Problem {
            retry_after_seconds: Some(seconds),
            ..Problem::new(Code::RateLimited, detail)
        }
    }

    /// A defect, with its cause for the log.
    pub(crate) fn internal(cause: impl Into<String>) -> Problem {
        let detail = "look for the request's id in the service's log";
        Problem {
            cause: Some(cause.into()),
            ..Problem::new(Code::Internal, detail)
        }
    }

    pub(crate) const fn status(&self) -> u16 {
        self.code.status()
    }

    /// The same problem with more to say.
    pub(crate) fn adding(mut self, words: &str) -> Problem {
        self.detail.push_str(words);
        self
    }

    /// The answer. A problem on our side is logged here, once.
    pub(crate) fn into_response(self, context: &Context) -> Response<Body> {
        let request_id = context.request_id();
        self.log(context);
        let body = order_json::to_vec(&self.view(Some(request_id)));
        let mut response = Response::new(Body::from(body));
        *response.status_mut() =
            StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if self.code == Code::Unauthenticated {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(BY_CERTIFICATE));
        }
        if let Some(allow) = self.allow {
            headers.insert(ALLOW, HeaderValue::from_static(allow));
        }
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    /// The problem's members.
    pub(crate) fn view<'a>(&'a self, request_id: Option<&'a str>) -> ProblemView<'a> {
        ProblemView {
            r#type: self.code.type_uri(),
            title: self.code.title(),
            status: self.status(),
            detail: &self.detail,
            code: self.code.as_str(),
            violations: (!self.violations.is_empty()).then_some(ViolationList(&self.violations)),
            request_id,
        }
    }

    /// Logs what is on our side: a defect as an error, a dependency that is away as a warning. What was
    /// refused because too much waits is counted (by status) and not told: thousands of lines a second
    /// would cost more than the refusals.
    pub(crate) fn log(&self, context: &Context) {
        let (request_id, trace_id) = (context.request_id(), context.trace_id());
        let cause = self.cause.as_deref().unwrap_or(&self.detail);
        let code = self.code.as_str();
        match self.status() {
            _ if self.code == Code::Overloaded => {
                tracing::debug!(code, cause, request_id, trace_id, "a request was refused");
            }
            500 => tracing::error!(code, cause, request_id, trace_id, "a request failed"),
            501.. => tracing::warn!(
                code,
                cause,
                request_id,
                trace_id,
                "a request could not be answered now"
            ),
            _ => {}
        }
    }
}

/// A problem as JSON (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemView<'a> {
    /// A URI that names the kind of problem: `urn:order-service:problem:` and the code.
    r#type: &'static str,
    /// The kind of problem, for people.
    title: &'static str,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What went wrong this time, for people.
    detail: &'a str,
    /// The kind of problem, for programs; never changes.
    #[schema(pattern = "^[a-z_]+$", example = "invalid_argument")]
    code: &'static str,
    /// Everything that is wrong with the request's content.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<ViolationView>, required = false)]
    violations: Option<ViolationList<'a>>,
    /// Names the request in the service's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    request_id: Option<&'a str>,
}

/// One thing that is wrong.
#[derive(Serialize, ToSchema)]
#[schema(as = Violation)]
struct ViolationView<'a> {
    /// The caller's own path of the field, such as `lines[3].quantity`; lists count from 0. A header
    /// or a parameter stands with its name.
    field: &'a str,
    /// What is wrong with it.
    reason: &'a str,
}

struct ViolationList<'a>(&'a Violations);

impl Serialize for ViolationList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.as_slice().iter().map(|one| ViolationView {
            field: &one.field,
            reason: &one.reason,
        }))
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Problem {
        let code = match denied {
            Denied::Unnamed => Code::Unauthenticated,
            Denied::Lacks { .. } => Code::PermissionDenied,
        };
        Problem::new(code, denied.to_string())
    }
}

impl From<Malformed> for Problem {
    fn from(malformed: Malformed) -> Problem {
        Problem::new(Code::InvalidArgument, malformed.reason)
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Problem {
        let detail = error.to_string();
        match error {
            AppError::Refused(Refusal::Invalid(violations)) => Problem::invalid(violations),
            AppError::Refused(Refusal::NotAllowed { .. }) => {
                Problem::new(Code::ActionNotAllowed, detail)
            }
            AppError::Refused(Refusal::UnknownHold { .. }) | AppError::NotFound(_) => {
                Problem::new(Code::NotFound, detail)
            }
            AppError::Refused(Refusal::LedgerFull { .. }) => Problem::new(Code::LedgerFull, detail),
            AppError::KeyReused => Problem::new(Code::IdempotencyKeyReused, detail),
            AppError::ExternalIdTaken { .. } => Problem::new(Code::AlreadyExists, detail),
            AppError::FactIdReused => Problem::new(Code::FactIdReused, detail),
            AppError::VersionMismatch { .. } => Problem::new(Code::VersionMismatch, detail),
            AppError::Contended { .. } => Problem::new(Code::Contended, detail),
            AppError::Feed(FeedError::Gone { .. }) => Problem::new(Code::PositionGone, detail),
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
                retry_after_seconds: Some(retry_after_millis.div_ceil(1_000).max(1)),
                cause,
                ..Problem::new(
                    Code::Overloaded,
                    "too many changes wait already; nothing was changed: try again",
                )
            },
            StoreError::Unavailable { .. } => {
                let detail = "the store does not answer; a change may have been made or not: repeat the \
                              request with the same idempotency key";
                Problem {
                    cause,
                    ..Problem::new(Code::Unavailable, detail)
                }
            }
            StoreError::Corrupt { detail } => Problem::internal(detail),
        }
    }
}
