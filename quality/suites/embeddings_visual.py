"""How photos look: one finite vector of length 1 per photo, all of one size."""

from quality.rules import done_means_rows, photos_known
from quality.vectors import unit_vectors

RULES = (photos_known(), done_means_rows("embeddings.visual"), unit_vectors())
