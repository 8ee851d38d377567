"""Thin gateways, one per system: state (Postgres), lake (DuckLake), objects, vectors. SQL lives here."""
