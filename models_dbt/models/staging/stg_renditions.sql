{{ published_rows('renditions') }}
