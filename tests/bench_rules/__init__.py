"""How long the rules take at the size of a region and of ten: `make bench-rules`."""
