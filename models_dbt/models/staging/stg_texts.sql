{{ published_rows('texts') }}
