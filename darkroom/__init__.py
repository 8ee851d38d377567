"""The product library: photos, tables, models and stores. It knows no Dagster, no FastAPI and no Great Expectations."""
