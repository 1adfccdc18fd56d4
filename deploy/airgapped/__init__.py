"""Base images where no image registry can be reached."""
