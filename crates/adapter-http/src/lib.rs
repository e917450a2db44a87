//! REST on the data plane.
