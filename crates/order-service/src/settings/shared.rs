//! What replicas share beside the store.

use crate::setting::{Secret, Setting, file, setting};

pub(super) const SETTINGS: &[Setting] = &[
    Setting {
        secret: Secret::InUrl,
        ..setting(
            "redis_url",
            "",
            "URL",
            "What replicas share beside the store (copies of orders, rate limits): redis://USER:PASSWORD@HOST:PORT/DATABASE, rediss:// with TLS; unset: nothing",
        )
    },
    setting(
        "redis_host",
        "",
        "HOST",
        "Redis's name or address, in place of redis_url",
    ),
    setting(
        "redis_port",
        "6379",
        "PORT",
        "Redis's port, with redis_host",
    ),
    setting(
        "redis_user",
        "",
        "NAME",
        "Redis's ACL user, with redis_host; unset: its default one",
    ),
    Setting {
        secret: Secret::Whole,
        ..setting(
            "redis_password",
            "",
            "TEXT",
            "With what it signs in, with redis_host; empty: nobody signs in",
        )
    },
    setting(
        "redis_tls_mode",
        "",
        "off|tls|mtls",
        "Whether Redis's connection is encrypted; unset: as the scheme of redis_url says",
    ),
    file(
        "redis_tls_ca_file",
        "Whom Redis's certificate must come from, PEM; unset: whom this machine trusts",
    ),
    file(
        "redis_tls_cert_file",
        "The service's certificate for Redis, PEM; with redis_tls_key_file",
    ),
    file("redis_tls_key_file", "The certificate's key"),
    setting(
        "redis_prefix",
        "orders",
        "TEXT",
        "What every key in Redis begins with; deployments that share a server must differ",
    ),
    setting(
        "rate_limit",
        "",
        "CALLS/UNIT",
        "How often a caller (an address) may call REST and gRPC together: 100/s, 6000/m, 100000/h; unset: no limit",
    ),
    setting(
        "rate_limit_burst",
        "",
        "COUNT",
        "Calls that a caller may make at once; unset: the number of rate_limit",
    ),
];
