//! Builders, fakes and conformance suites for tests.
