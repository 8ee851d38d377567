"""`darkroom …`: one file per noun. Data commands are HTTP clients of the running API."""
