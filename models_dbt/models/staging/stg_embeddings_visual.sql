{{ published_rows('embeddings_visual', output='embeddings.visual') }}
