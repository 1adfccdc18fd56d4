"""The fault campaign: partners who state, a nemesis that breaks things, a checker that knows the contract."""
