"""The local stack: real Kafka, real PostgreSQL, a real mail server and the services, as plain processes."""
