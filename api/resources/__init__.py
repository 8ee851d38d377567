"""Routes, one file per noun; every module here with a `router` is served. No rules and no SQL here."""
