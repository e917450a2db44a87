//! The collector of traces and logs.

use crate::setting::{Setting, file, setting};

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "otlp_endpoint",
        "",
        "HOST:PORT",
        "The collector that gets traces and logs by OTLP over gRPC (management plane); unset: nobody does",
    ),
    setting(
        "otlp_tls_mode",
        "",
        "off|tls|mtls",
        "Whether the collector's connection is encrypted; unset: as the scheme of otlp_endpoint says",
    ),
    file(
        "otlp_tls_ca_file",
        "Whom the collector's certificate must come from, PEM; unset: whom this machine trusts",
    ),
    file(
        "otlp_tls_cert_file",
        "The service's certificate for the collector, PEM; with otlp_tls_key_file",
    ),
    file("otlp_tls_key_file", "The certificate's key"),
];
