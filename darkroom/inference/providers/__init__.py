"""One file per AI provider. Each is found by entry point, as a plugin's would be; nothing imports them by name."""
