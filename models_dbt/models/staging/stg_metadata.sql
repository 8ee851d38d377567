{{ published_rows('metadata') }}
