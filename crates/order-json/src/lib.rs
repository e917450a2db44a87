//! The JSON shapes of orders, commands, facts and events, shared by REST and Kafka.
