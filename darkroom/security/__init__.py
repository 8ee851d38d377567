"""Who may ask for what: callers and keys. Pure rules; the tables are in `stores.state`."""
