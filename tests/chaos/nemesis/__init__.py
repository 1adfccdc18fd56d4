"""The nemesis: breaks things at moments and in ways that follow from the seed, and says what it broke."""
