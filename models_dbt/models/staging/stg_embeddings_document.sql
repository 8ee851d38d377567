{{ published_rows('embeddings_document', output='embeddings.document') }}
