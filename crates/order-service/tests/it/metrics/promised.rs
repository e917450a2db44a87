//! The names that outsiders build on.

/// Of the contract's section "Management", as Prometheus names them.
pub(super) const PROMISED: [&str; 11] = [
    "feed_lag_seconds",
    "plane_interface_up",
    "plane_receive_bytes_total",
    "plane_transmit_bytes_total",
    "plane_errors_total",
    "plane_connections",
    "plane_connections_unencrypted",
    "plane_socket_violations_total",
    "plane_refused_total",
    "tls_certificate_expiry_seconds",
    "build_info",
];
