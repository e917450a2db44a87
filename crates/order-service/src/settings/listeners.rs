//! Where the service listens, how it is encrypted, and who may come.

use crate::setting::{Setting, file, setting};

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "http_listen_addr",
        "0.0.0.0:8080",
        "ADDR",
        "Where REST and the probes listen (data plane)",
    ),
    setting(
        "grpc_listen_addr",
        "0.0.0.0:9090",
        "ADDR",
        "Where gRPC listens (data plane)",
    ),
    setting(
        "mgmt_listen_addr",
        "0.0.0.0:9091",
        "ADDR",
        "Where metrics and status listen (management plane)",
    ),
    setting(
        "http_tls_mode",
        "",
        "off|tls|mtls",
        "Whether REST is encrypted, and whether clients must prove themselves; unset: off",
    ),
    file(
        "http_tls_cert_file",
        "The certificate of REST and those above it, PEM; read again when it changes",
    ),
    file("http_tls_key_file", "The certificate's key"),
    file(
        "http_tls_ca_file",
        "Whom certificates of clients must come from, PEM; with mtls",
    ),
    setting(
        "grpc_tls_mode",
        "",
        "off|tls|mtls",
        "Whether gRPC is encrypted, and whether clients must prove themselves; unset: off",
    ),
    file(
        "grpc_tls_cert_file",
        "The certificate of gRPC and those above it, PEM; read again when it changes",
    ),
    file("grpc_tls_key_file", "The certificate's key"),
    file(
        "grpc_tls_ca_file",
        "Whom certificates of clients must come from, PEM; with mtls",
    ),
    setting(
        "mgmt_tls_mode",
        "",
        "off|tls|mtls",
        "Whether the management port is encrypted, and whether clients must prove themselves; unset: off",
    ),
    file(
        "mgmt_tls_cert_file",
        "The certificate of the management port and those above it, PEM; read again when it changes",
    ),
    file("mgmt_tls_key_file", "The certificate's key"),
    file(
        "mgmt_tls_ca_file",
        "Whom certificates of clients must come from, PEM; with mtls",
    ),
    file(
        "callers_file",
        "Which caller, by the name in its certificate, has which roles, TOML; read again when it changes; unset: every caller may do everything but administer",
    ),
    file(
        "admin_token_file",
        "The bearer token of administrators on the management port; read again when it changes; unset: by certificate alone",
    ),
];
