"""What is known of photos in words: one finite vector of length 1 per photo, of its model's size."""

from quality.rules import done_means_rows, photos_known
from quality.vectors import unit_vectors

OUTPUT = "embeddings.document"

RULES = (photos_known(), done_means_rows(OUTPUT), unit_vectors(OUTPUT))
