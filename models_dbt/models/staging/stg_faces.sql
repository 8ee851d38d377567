{{ published_rows('faces') }}
