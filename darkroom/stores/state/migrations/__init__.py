"""The history of the state database: one file per revision, never edited after a release."""
