"""How to ask: the REST API. It reads what was published, writes what is asked for, and never meets the pipeline."""
