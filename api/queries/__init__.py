"""SQL of the API, one file per noun. Every function takes the `Caller` first, so that no query forgets who asks."""
