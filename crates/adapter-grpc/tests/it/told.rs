//! What an error tells, and what every error must tell.

use order_proto::rpc::{self, BadRequest, ErrorInfo, RequestInfo, RetryInfo};
use prost::{Message, Name};
use std::time::Duration;
use tonic::{Code, Status};

/// An error's code and details.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) code: Code,
    pub(crate) info: ErrorInfo,
    pub(crate) fields: Vec<String>,
    pub(crate) descriptions: Vec<String>,
    pub(crate) retry: Option<Duration>,
    pub(crate) request_id: String,
}

impl Told {
    /// Of a status, held against the rules that every error follows.
    pub(crate) fn by(status: &Status) -> Told {
        let details = rpc::Status::decode(status.details()).unwrap();
        assert_eq!(details.message, status.message());
        let told = Told::of(&details);
        assert_eq!(told.code, status.code());
        told
    }

    /// The same of a message.
    pub(crate) fn of(status: &rpc::Status) -> Told {
        let info: ErrorInfo = detail(status).unwrap_or_else(|| panic!("no ErrorInfo: {status:?}"));
        let request: RequestInfo = detail(status).unwrap();
        let bad: BadRequest = detail(status).unwrap_or_default();
        let retry: Option<RetryInfo> = detail(status);
        let code = Code::from(status.code);
        assert_eq!(info.domain, "orders");
        assert!(!request.request_id.is_empty() && !status.message.is_empty());
        let may_pass = matches!(code, Code::Unavailable | Code::ResourceExhausted)
            && info.reason != "PAYLOAD_TOO_LARGE";
        assert_eq!(retry.is_some(), may_pass, "{status:?}");
        let violations = bad.field_violations;
        Told {
            code,
            fields: violations.iter().map(|one| one.field.clone()).collect(),
            descriptions: violations.into_iter().map(|one| one.description).collect(),
            retry: retry.map(|retry| retry.retry_delay.unwrap().try_into().unwrap()),
            info,
            request_id: request.request_id,
        }
    }

    pub(crate) fn reason(&self) -> &str {
        &self.info.reason
    }

    /// What may stand in an error's details beside code and reason.
    pub(crate) fn metadata(&self, key: &str) -> Option<&str> {
        self.info.metadata.get(key).map(String::as_str)
    }
}

fn detail<M: Message + Name + Default>(status: &rpc::Status) -> Option<M> {
    let any = status
        .details
        .iter()
        .find(|any| any.type_url == M::type_url())?;
    Some(M::decode(&*any.value).unwrap())
}
