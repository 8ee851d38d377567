{{ published_rows('photos', versioned=false) }}
