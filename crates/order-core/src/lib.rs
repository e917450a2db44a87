//! The order domain, its ports and its use cases: no I/O.
