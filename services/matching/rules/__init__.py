"""The rules of matching: pure functions on frozen rows, one file per subject."""
