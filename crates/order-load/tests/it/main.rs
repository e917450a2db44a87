//! `order-load` against a service played by the test: what is sent, what is counted, what is retried.

mod import;
mod place;
mod played_service;
