//! `order-service feed`: where publishing stands, and the operator's way out of a halt.

use crate::config::Config;
use crate::{print, serve, store, telemetry};
use adapter_kafka::KafkaPublisher;
use clap::{Arg, ArgMatches, Command, value_parser};
use order_core::app::resume_after;
use order_core::ports::{Cursor, EventPublisher, FeedPosition, PartitionRecord, StoreId};
use std::fmt::Write as _;

/// The command and its parts.
pub(crate) fn command() -> Command {
    let number = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name)
            .long(name)
            .required(true)
            .value_name(value)
            .help(help)
    };
    Command::new("feed")
        .about("Look at the publishing of the feed to Kafka, or let a halted partition go on")
        .subcommand_required(true)
        .subcommand(Command::new("status").about("Print how far each partition has been published"))
        .subcommand(
            Command::new("resume")
                .about("Let a partition go on after an offset, whatever was published")
                .long_about(
                    "Writes the partition's cursor anew: it goes on with the event after OFFSET. Events \
                     above OFFSET that consumers have are published once more; events up to OFFSET that \
                     they do not have are never published. Compare with what consumers have first: the \
                     header ce_position of the last event of each partition of the topic. Running \
                     replicas go on by themselves within seconds.",
                )
                .arg(number("partition", "N", "The partition of the feed").value_parser(value_parser!(u16)))
                .arg(
                    number("after", "OFFSET", "The last event that counts as published; 0: none")
                        .value_parser(value_parser!(u64)),
                ),
        )
}

/// Runs one of them.
pub(crate) fn run(
    matches: &ArgMatches,
    read_config: impl Fn(&ArgMatches) -> Result<Config, String>,
) -> Result<(), String> {
    // clap has refused a line without one.
    let Some((name, sub)) = matches.subcommand() else {
        return Err("feed needs a command: status or resume".to_owned());
    };
    let config = read_config(sub)?;
    telemetry::init(&config);
    let text = serve::runtime()?.block_on(async {
        match name {
            "resume" => {
                let partition = sub.get_one("partition").copied().unwrap_or_default();
                let offset = sub.get_one("after").copied().unwrap_or_default();
                resume(&config, FeedPosition { partition, offset }).await
            }
            _ => status(&config).await,
        }
    })?;
    print(&text)
}

fn kafka(config: &Config) -> Result<KafkaPublisher, String> {
    let kafka = config.kafka.as_ref();
    let kafka = kafka.ok_or("no Kafka is configured: set KAFKA_BROKERS")?;
    Ok(KafkaPublisher::new(kafka.client.clone()))
}

async fn status(config: &Config) -> Result<String, String> {
    let kafka = kafka(config)?;
    let store = store::open(config).await?;
    let failed = |error: &dyn std::fmt::Display| error.to_string();
    let id = store
        .leases
        .store_id()
        .await
        .map_err(|error| failed(&error))?;
    let head = store.feed.head().await.map_err(|error| failed(&error))?;
    let records = store
        .leases
        .partitions()
        .await
        .map_err(|error| failed(&error))?;
    let mut text = format!("store {id}\n");
    for record in &records {
        let cursor = kafka.look(record.partition).await;
        let cursor = cursor.map_err(|error| error.to_string());
        line(&mut text, record, head.offset(record.partition), cursor, id);
    }
    if records.is_empty() {
        text += "the feed is empty\n";
    }
    store
        .handle
        .close()
        .await
        .map_err(|error| error.to_string())?;
    Ok(text)
}

fn line(
    text: &mut String,
    record: &PartitionRecord,
    head: u64,
    cursor: Result<Option<Cursor>, String>,
    store: StoreId,
) {
    let told = match cursor {
        Ok(Some(cursor)) if cursor.store == store => {
            let lag = i128::from(head) - i128::from(cursor.offset);
            format!("cursor {} (lag {lag})", cursor.offset)
        }
        Ok(Some(cursor)) => format!(
            "cursor {} of another store, {}",
            cursor.offset, cursor.store
        ),
        Ok(None) => "no cursor".to_owned(),
        Err(error) => format!("cursor not known: {error}"),
    };
    let known = record
        .published
        .map_or("never published".to_owned(), |offset| {
            format!("known to be published up to {offset}")
        });
    let owner = record
        .owner
        .map_or("nobody".to_owned(), |owner| owner.to_string());
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "partition {}: newest event {head}, {told}, {known}, held by {owner} in epoch {}",
        record.partition, record.epoch
    );
}

async fn resume(config: &Config, at: FeedPosition) -> Result<String, String> {
    let kafka = kafka(config)?;
    let store = store::open(config).await?;
    let (feed, leases) = (&*store.feed, &*store.leases);
    let before = resume_after(feed, &kafka, leases, at).await;
    let before = before.map_err(|error| format!("nothing was changed for certain: {error}"))?;
    store
        .handle
        .close()
        .await
        .map_err(|error| error.to_string())?;
    let (partition, offset) = (at.partition, at.offset);
    let meaning = match before.as_ref().map(|cursor| cursor.offset) {
        Some(was) if was > offset => format!("the cursor stood at {was}: events {} to {was} are published once more", offset + 1),
        Some(was) if was < offset => format!("the cursor stood at {was}: events {} to {offset} are never published", was + 1),
        Some(was) => format!("the cursor stood at {was} as well"),
        None => "there was no cursor: what consumers have above it they get once more, what they do not have up to it they never get".to_owned(),
    };
    Ok(format!(
        "partition {partition} goes on after {offset}; {meaning}"
    ))
}
