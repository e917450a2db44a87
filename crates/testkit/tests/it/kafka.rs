//! What a test may expect of the real Kafka. `kcat` is the client: it knows nothing of this crate.

use std::process::Command;
use testkit::servers::kafka::{Options, Topic};
use testkit::servers::proxy::Fault;
use testkit::servers::{Authority, Kafka, Proxy};

/// How long a client may try before it gives up. Milliseconds.
const CLIENT_TIMEOUT: &str = "3000";

/// Runs `kcat` to its end; `Err` with its words where it fails.
fn kcat(bootstrap: &str, settings: &[String], words: &str, sent: &str) -> Result<String, String> {
    let mut command = Command::new("sh");
    command.args([
        "-c",
        "echo \"$SENT\" | kcat \"$@\"",
        "kcat",
        "-b",
        bootstrap,
    ]);
    for name in ["message.timeout.ms", "socket.timeout.ms"] {
        command.arg("-X").arg(format!("{name}={CLIENT_TIMEOUT}"));
    }
    for setting in settings {
        command.arg("-X").arg(setting);
    }
    let output = command.args(words.split(' ')).env("SENT", sent).output();
    let output = output.expect("`sh` starts");
    let [said, complained] = [output.stdout, output.stderr].map(|bytes| {
        String::from_utf8(bytes)
            .expect("UTF-8")
            .trim_end()
            .to_owned()
    });
    assert_ne!(
        output.status.code(),
        Some(127),
        "install the Debian package kcat"
    );
    output.status.success().then_some(said).ok_or(complained)
}

fn send(kafka: &Kafka, topic: &str, message: &str) -> Result<String, String> {
    kcat(&kafka.bootstrap(), &[], &format!("-P -t {topic}"), message)
}

/// Everything from the beginning, line by line.
fn read(kafka: &Kafka, topic: &str) -> Result<String, String> {
    let words = format!("-C -e -q -o beginning -t {topic}");
    kcat(&kafka.bootstrap(), &[], &words, "")
}

/// The first lines of the cluster's own picture; asking needs no topic.
fn look(bootstrap: &str, settings: &[String]) -> Result<String, String> {
    kcat(bootstrap, settings, "-L -m 3", "")
}

#[test]
fn topics_are_made_as_they_are_asked_for_and_never_by_themselves() {
    let kafka = Kafka::shared();
    kafka.create_topics(&[
        Topic::new("made.a", 3),
        Topic::new("made.b", 1).with("max.message.bytes", "1000"),
    ]);
    let topics = look(&kafka.bootstrap(), &[]).unwrap();
    assert!(topics.contains("\"made.a\" with 3 partitions"), "{topics}");
    assert_eq!(kafka.leader("made.a", 2), Some(1));
    assert_eq!(kafka.leader("made.a", 3), None);

    send(kafka, "made.a", &"x".repeat(2_000)).unwrap();
    assert!(send(kafka, "made.b", &"x".repeat(2_000)).is_err());
    assert!(send(kafka, "never.made", "x").is_err());

    kafka.delete_topic("made.a");
    let topics = look(&kafka.bootstrap(), &[]).unwrap();
    assert!(
        !topics.contains("made.a") && topics.contains("made.b"),
        "{topics}"
    );
}

#[test]
#[should_panic(expected = "topic twice is not made: ")]
fn a_topic_that_is_there_fails_the_test() {
    let topics = [Topic::new("twice", 1)];
    Kafka::shared().create_topics(&topics);
    Kafka::shared().create_topics(&topics);
}

#[test]
fn what_was_acknowledged_is_there_after_a_kill_and_a_stop() {
    let kafka = Kafka::start(Options::default());
    kafka.create_topics(&[Topic::new("orders", 1)]);
    let bootstrap = kafka.bootstrap();
    send(&kafka, "orders", "first").unwrap();
    kafka.kill9(1);
    assert!(look(&bootstrap, &[]).is_err());
    kafka.start_again(1);
    assert_eq!(kafka.bootstrap(), bootstrap);
    send(&kafka, "orders", "second").unwrap();
    kafka.stop(1);
    assert!(look(&bootstrap, &[]).is_err());
    kafka.start_again(1);
    assert_eq!(read(&kafka, "orders").unwrap(), "first\nsecond");
    let log = kafka.log(1);
    assert_eq!(log.matches("Kafka Server started").count(), 3, "{log}");
}

#[test]
fn a_paused_broker_says_nothing_until_it_is_resumed() {
    let kafka = Kafka::start(Options::default());
    kafka.create_topics(&[Topic::new("orders", 1)]);
    kafka.pause(1);
    assert!(look(&kafka.bootstrap(), &[]).is_err());
    kafka.resume(1);
    send(&kafka, "orders", "after").unwrap();
    assert!(kafka.cpu_millis() > 0);
}

#[test]
fn the_other_broker_takes_over_and_the_first_catches_up() {
    let kafka = Kafka::start(Options {
        brokers: 2,
        ..Options::default()
    });
    kafka.create_topics(&[Topic::new("orders", 4)]);
    let leads = |broker: u32| {
        let led = (0..4).filter(|number| kafka.leader("orders", *number) == Some(broker));
        led.count()
    };
    assert_eq!((leads(1), leads(2)), (2, 2));
    send(&kafka, "orders", "before").unwrap();
    // A group's offsets are on both brokers as well, or it would stand still without one.
    let words = "-G readers -X auto.offset.reset=earliest -e -q orders";
    assert_eq!(kcat(&kafka.bootstrap(), &[], words, "").unwrap(), "before");
    assert_eq!(kafka.in_sync("__consumer_offsets", 0).len(), 2);

    kafka.kill9(2);
    until("broker 1 leads", || leads(1) == 4);
    send(&kafka, "orders", "between").unwrap();
    assert_eq!(kafka.in_sync("orders", 0), [1]);

    kafka.start_again(2);
    until("broker 2 has all", || kafka.in_sync("orders", 0).len() == 2);
    kafka.stop(2);
    until("broker 1 leads again", || leads(1) == 4);
    let mut lines: Vec<_> = read(&kafka, "orders")
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    lines.sort();
    assert_eq!(lines, ["before", "between"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_go_through_the_door_and_the_tests_own_calls_do_not() {
    let mut proxies = Vec::new();
    let kafka = Kafka::start_behind(Options::default(), |broker| {
        proxies.push(Proxy::start(broker));
        proxies[0].address()
    });
    let door = proxies[0].address().to_string();
    assert_eq!(kafka.bootstrap(), door);
    let picture = look(&door, &[]).unwrap();
    assert!(
        picture.contains(&format!("broker 1 at {door}")),
        "{picture}"
    );
    kafka.create_topics(&[Topic::new("orders", 1)]);
    send(&kafka, "orders", "by the door").unwrap();
    proxies[0].set(Fault::Blackhole);
    assert!(send(&kafka, "orders", "lost").is_err());
    assert_eq!(kafka.leader("orders", 0), Some(1));
    proxies[0].set(Fault::None);
    assert!(read(&kafka, "orders").unwrap().contains("by the door"));
}

#[test]
fn clients_speak_tls_where_a_certificate_is_given() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let kafka = Kafka::start(Options {
        tls: Some(authority.good()),
        ..Options::default()
    });
    let trust = |whom: &Authority| {
        let file = whom.certificate();
        [
            "security.protocol=ssl".to_owned(),
            format!("ssl.ca.location={}", file.display()),
        ]
    };
    let bootstrap = kafka.bootstrap();
    look(&bootstrap, &trust(&authority)).unwrap();
    let refused = look(&bootstrap, &trust(&stranger)).unwrap_err();
    assert!(refused.contains("certificate verify failed"), "{refused}");
    assert!(look(&bootstrap, &[]).is_err(), "without TLS nobody answers");
}

#[test]
fn an_expired_certificate_is_refused() {
    let authority = Authority::new();
    let kafka = Kafka::start(Options {
        tls: Some(authority.expired()),
        ..Options::default()
    });
    let trust = format!("ssl.ca.location={}", authority.certificate().display());
    let refused = look(
        &kafka.bootstrap(),
        &["security.protocol=ssl".to_owned(), trust],
    );
    let words = refused.unwrap_err();
    assert!(words.contains("certificate verify failed"), "{words}");
}

/// Waits for a condition, for as long as the slowest machine needs.
fn until(what: &str, holds: impl Fn() -> bool) {
    let started = std::time::Instant::now();
    while !holds() {
        assert!(started.elapsed().as_secs() < 60, "in vain: {what}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
