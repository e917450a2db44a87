//! Metrics, health and status on the management plane.
