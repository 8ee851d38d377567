"""Sensors: from rows in state to runs. They read small tables only: they never list folders, hash or scan."""
