"""Metrics and logs, named once for all services."""
