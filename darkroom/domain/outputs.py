"""Names of the outputs a photo can have, which of them a model makes, and which table holds them."""

INTAKE_OUTPUTS = ("metadata", "renditions", "fingerprints")
"""Computed while the file is open, in the decoding sandbox."""

MODEL_OUTPUTS = frozenset({"texts"})
"""Computed by a model from the display rendition: they decide how large a batch may be."""

INDEX_OUTPUT = "index"
"""The photo's entry in the search index, built from the others."""

OUTPUTS = (*INTAKE_OUTPUTS, *sorted(MODEL_OUTPUTS), INDEX_OUTPUT)
"""Every output, in the order they are made."""

PHOTO = "photos"
"""Stands for the photo itself where its state is kept beside its outputs'."""
