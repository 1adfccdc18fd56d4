"""A service of a few lines, run as a process: what messaging promises is proved on it, without rules."""
