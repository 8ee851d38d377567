{{ published_rows('fingerprints') }}
