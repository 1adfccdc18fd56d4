"""The door's rules: who may state what given what is known, what may not travel, what falls due."""
