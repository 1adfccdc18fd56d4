"""Matching: places, waiting list, proposals and bridges of a region."""
