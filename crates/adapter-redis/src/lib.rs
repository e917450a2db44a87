//! Redis on the storage plane: aged copies of orders and the rate limits of all replicas.
