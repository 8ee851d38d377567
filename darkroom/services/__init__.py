"""Use cases, one file per noun: what assets, the API and the CLI call. Rules live in `domain`, SQL in `stores`."""
