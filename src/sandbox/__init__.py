"""A submission in a process of its own: it returns values and decides nothing."""
