"""The partners: their back offices, the people they guide, and the ledger of all that they stated."""
