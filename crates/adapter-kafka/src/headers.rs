//! The names of headers and media types: said once for what is read, what is written and what the
//! contract tells of them (Kafka binding of `CloudEvents` 1.0, section 3.2).

/// What stands before an attribute's name in a header.
pub(crate) const PREFIX: &str = "ce_";
/// The extension by which a fact in protobuf names its order by the caller's own number.
pub(crate) const EXTERNAL_ID: &str = "externalid";

pub(crate) const CONTENT_TYPE: &str = "content-type";
pub(crate) const TRACEPARENT: &str = "traceparent";

pub(crate) const CE_SPECVERSION: &str = "ce_specversion";
pub(crate) const CE_ID: &str = "ce_id";
pub(crate) const CE_SOURCE: &str = "ce_source";
pub(crate) const CE_TYPE: &str = "ce_type";
pub(crate) const CE_SUBJECT: &str = "ce_subject";
pub(crate) const CE_TIME: &str = "ce_time";
/// The order's version after the event.
pub(crate) const CE_ORDERVERSION: &str = "ce_orderversion";
/// The event's place in the feed.
pub(crate) const CE_POSITION: &str = "ce_position";
/// Where an event is to be had that was too large (`CloudEvents` extension "Dataref").
pub(crate) const CE_DATAREF: &str = "ce_dataref";

/// Why a message is a dead letter, and where it stood.
pub(crate) const DL_REASON: &str = "dl_reason";
pub(crate) const DL_TOPIC: &str = "dl_topic";
pub(crate) const DL_PARTITION: &str = "dl_partition";
pub(crate) const DL_OFFSET: &str = "dl_offset";
/// A reason is cut to so many characters.
pub(crate) const DL_REASON_MAX_CHARS: usize = 1_000;
/// How large the value was that is not there.
pub(crate) const DL_OMITTED_BYTES: &str = "dl_omitted_bytes";

/// The version of `CloudEvents` that is read and written.
pub(crate) const SPECVERSION: &str = "1.0";
pub(crate) const STRUCTURED: &str = "application/cloudevents+json";
pub(crate) const JSON: &str = "application/json";
/// What says that data is a message of `orders.v1`; the first is its registered name.
pub(crate) const PROTOBUF: [&str; 2] = ["application/protobuf", "application/x-protobuf"];
