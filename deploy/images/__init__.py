"""Images, and what containers need before the services start."""
