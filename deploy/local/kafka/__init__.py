"""A real Apache Kafka from its published jars: KRaft mode, no installation, no root."""

from deploy.local.kafka.jars import ensure_jars
from deploy.local.kafka.java import find_java
from deploy.local.kafka.server import KafkaServer

__all__ = ["KafkaServer", "ensure_jars", "find_java"]
