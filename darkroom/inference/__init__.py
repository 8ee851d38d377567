"""AI models: the door they come in by, one file per provider, and the processes they run in."""
