"""The JSON API by subject: the ledger, what lies ahead, and reports."""
