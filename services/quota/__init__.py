"""Quota: the ledger of sheltered places per municipality and year."""
