//! The only place that makes a socket: planes, listeners, connections.
