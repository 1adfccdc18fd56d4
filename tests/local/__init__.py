"""The local stack: what stands in its way, and that nothing of it is left behind."""
