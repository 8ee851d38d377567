"""Who may ask for what: callers, keys and sessions. Pure rules; the tables are in `stores.state`."""
