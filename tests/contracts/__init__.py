"""The contract: models, envelope, published document, partner files."""
