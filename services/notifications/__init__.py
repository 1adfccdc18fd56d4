"""Notifications: tells people of each step in plain Dutch, and what became of each message."""
