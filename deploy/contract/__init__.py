"""The contract as partners get it: made from the code, checked by the ecosystem's own validator."""
