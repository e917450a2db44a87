//! Dead letters in the store, where an operator looks at them, and the way back from there.

use super::apply::{Verdict, verdict, wanted};
use super::decode::decode;
use super::metrics::Outcome;
use async_trait::async_trait;
use order_core::app::{Handled, MessageHandler, Orders};
use order_core::ports::{DeadMessage, Repair, StoreError};
use rdkafka::message::{Header, Headers, Message as _, OwnedHeaders, OwnedMessage, Timestamp};

/// Keeps a message that the dead-letter topic has. A store that is away is waited for; what it refuses is
/// kept without its content, and if even that is refused the topic has to be enough.
pub(crate) async fn keep(kept: &dyn Repair, raw: &OwnedMessage, reason: &str) -> Verdict {
    let message = dead_message(raw, reason).bounded();
    let refused = match kept.keep(message.clone()).await {
        Ok(_) => return Verdict::Done(Outcome::Dead),
        Err(StoreError::Corrupt { detail }) => detail,
        Err(error) => return Verdict::Away(error.to_string()),
    };
    match kept.keep(message.bare()).await {
        Ok(_) => {}
        Err(StoreError::Corrupt { .. }) => {
            let (topic, partition, offset) = (raw.topic(), raw.partition(), raw.offset());
            tracing::error!(
                topic,
                partition,
                offset,
                refused,
                "the store refuses a dead letter; only the dead-letter topic has it"
            );
        }
        Err(error) => return Verdict::Away(error.to_string()),
    }
    Verdict::Done(Outcome::Dead)
}

fn dead_message(raw: &OwnedMessage, reason: &str) -> DeadMessage {
    let headers = raw.headers().into_iter().flat_map(Headers::iter);
    DeadMessage {
        topic: raw.topic().to_owned(),
        partition: raw.partition(),
        offset: raw.offset(),
        key: raw.key().map(<[u8]>::to_vec),
        headers: headers
            .map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec)))
            .collect(),
        value: raw.payload().map(<[u8]>::to_vec),
        omitted_bytes: 0,
        reason: reason.to_owned(),
    }
}

/// The message as it came.
fn raw_message(message: &DeadMessage) -> OwnedMessage {
    let mut headers = OwnedHeaders::new_with_capacity(message.headers.len());
    for (key, value) in &message.headers {
        let value = value.as_deref();
        headers = headers.insert(Header { key, value });
    }
    OwnedMessage::new(
        message.value.clone(),
        message.key.clone(),
        message.topic.clone(),
        Timestamp::NotAvailable,
        message.partition,
        message.offset,
        (!message.headers.is_empty()).then_some(headers),
    )
}

/// Handles messages that are redriven as the consumer handles them when they come; needs no broker.
#[derive(Clone, Debug)]
pub struct Redriver {
    orders: Orders,
}

impl Redriver {
    /// The effects are made by `orders`.
    pub fn new(orders: Orders) -> Redriver {
        Redriver { orders }
    }
}

#[async_trait]
impl MessageHandler for Redriver {
    async fn handle(&self, message: &DeadMessage) -> Handled {
        let decoded = match decode(&raw_message(message)) {
            Ok(decoded) => decoded,
            Err(reason) => return Handled::Refused(reason),
        };
        match wanted(&self.orders, decoded).await {
            Ok(receipt) => Handled::Done(receipt),
            Err(error) => match verdict(&error) {
                Verdict::Dead(reason) => Handled::Refused(reason),
                _ => Handled::Failed(error.to_string()),
            },
        }
    }
}

#[cfg(test)]
mod tests;
