"""The ledger's rules: pure functions on frozen rows, one file per subject."""
