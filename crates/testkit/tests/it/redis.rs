//! What a test may expect of the real Redis. `redis-cli` is the client: it knows nothing of this crate.

use std::process::Command;
use testkit::servers::proxy::Fault;
use testkit::servers::redis::{Options, User};
use testkit::servers::{Authority, Proxy, Redis};

/// Runs `redis-cli` against an address, for two seconds at most; what it printed, errors included.
fn client(url: &str, words: &[&str]) -> String {
    let mut command = Command::new("timeout");
    command.args(["2", "redis-cli", "--no-auth-warning", "-u", url]);
    let output = command.args(words).output().expect("`timeout` starts");
    [output.stdout, output.stderr]
        .map(|bytes| String::from_utf8(bytes).expect("UTF-8"))
        .concat()
        .trim_end()
        .to_owned()
}

#[test]
fn the_shared_server_answers_and_forgets() {
    let redis = Redis::shared();
    assert_eq!(client(&redis.url(), &["SET", "a", "1"]), "OK");
    assert_eq!(redis.ask(&["GET", "a"]), "1");
    redis.flush();
    assert_eq!(redis.ask(&["EXISTS", "a"]), "0");
    assert!(redis.log().contains("Ready to accept connections"));
}

#[test]
fn a_kill_and_a_stop_are_the_same_to_a_cache() {
    let redis = Redis::start(Options::default());
    for end in [Redis::kill9, Redis::stop] {
        redis.ask(&["SET", "a", "1"]);
        end(&redis);
        assert!(client(&redis.url(), &["PING"]).contains("Connection refused"));
        redis.start_again();
        assert_eq!(client(&redis.url(), &["GET", "a"]), "");
    }
}

#[test]
fn settings_win() {
    let redis = Redis::start(Options {
        settings: vec![("appendonly", "yes"), ("appendfsync", "always")],
        ..Options::default()
    });
    redis.ask(&["SET", "a", "1"]);
    redis.kill9();
    redis.start_again();
    assert_eq!(client(&redis.url(), &["GET", "a"]), "1");
}

#[test]
fn a_paused_server_says_nothing_until_it_is_resumed() {
    let redis = Redis::start(Options::default());
    redis.pause();
    assert_eq!(client(&redis.url(), &["PING"]), "");
    redis.resume();
    assert_eq!(client(&redis.url(), &["PING"]), "PONG");
}

#[test]
fn users_may_do_what_their_rules_say_and_strangers_nothing() {
    let user = |name, rules| User {
        name,
        password: "secret",
        rules,
    };
    let redis = Redis::start(Options {
        acl: vec![
            user("orders", "~orders:* +@all -@dangerous"),
            user("reader", "~* +@read"),
        ],
        ..Options::default()
    });
    let url = redis.url();
    assert!(url.starts_with("redis://orders:secret@127.0.0.1:"), "{url}");
    assert_eq!(client(&url, &["SET", "orders:1", "x"]), "OK");
    assert!(client(&url, &["SET", "others:1", "x"]).contains("NOPERM"));
    assert!(client(&url, &["FLUSHALL"]).contains("NOPERM"));
    let reader = url.replace("orders:", "reader:");
    assert_eq!(client(&reader, &["GET", "orders:1"]), "x");
    let stranger = format!("redis://{}", redis.address());
    assert!(client(&stranger, &["GET", "orders:1"]).contains("NOAUTH"));
    let wrong = url.replace("secret", "guess");
    assert!(client(&wrong, &["GET", "orders:1"]).contains("WRONGPASS"));
    redis.flush();
}

#[test]
fn clients_speak_tls_where_a_certificate_is_given() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let server = |tls| {
        Redis::start(Options {
            tls: Some(tls),
            ..Options::default()
        })
    };
    let (good, expired) = (server(authority.good()), server(authority.expired()));
    let ping = |redis: &Redis, whom: &Authority| {
        let file = whom.certificate();
        client(&redis.url(), &["--cacert", file.to_str().unwrap(), "PING"])
    };
    assert!(good.url().starts_with("rediss://127.0.0.1:"));
    assert_eq!(ping(&good, &authority), "PONG");
    let refused = ping(&good, &stranger);
    assert!(refused.contains("certificate verify failed"), "{refused}");
    let refused = ping(&expired, &authority);
    assert!(refused.contains("certificate verify failed"), "{refused}");
    let plain = good.url().replace("rediss", "redis");
    assert!(!client(&plain, &["PING"]).contains("PONG"));
    assert_eq!(good.ask(&["PING"]), "PONG");
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_may_go_by_a_proxy() {
    let redis = Redis::start(Options::default());
    let proxy = Proxy::start(redis.address());
    let url = redis.url_at(proxy.address());
    assert_eq!(client(&url, &["PING"]), "PONG");
    proxy.set(Fault::Blackhole);
    assert_eq!(client(&url, &["PING"]), "");
    assert_eq!(redis.ask(&["PING"]), "PONG");
}
