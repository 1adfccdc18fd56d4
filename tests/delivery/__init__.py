"""Proof that nothing is lost and nothing done twice: real Kafka, real PostgreSQL, real processes."""
