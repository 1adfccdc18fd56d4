"""The rules of notifications: what is worth telling, to whom, and when a message is not sent."""
