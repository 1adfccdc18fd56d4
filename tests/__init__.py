"""Tests: one folder a service, and journeys, delivery and bench across them."""
