"""Names of the outputs a photo can have, which of them a model makes, and which table holds them."""

INTAKE_OUTPUTS = ("metadata", "renditions", "fingerprints")
"""Computed while the file is open, in the decoding sandbox."""

SLOW_OUTPUTS = frozenset({"texts", "faces"})
"""Computed by a model that takes a second or so for a photo: they decide how large a batch may be."""

VISUAL_OUTPUT = "embeddings.visual"
"""How a photo looks."""

DOCUMENT_OUTPUT = "embeddings.document"
"""The meaning of what is known of a photo in words."""

DOCUMENT_INPUTS = ("metadata", "texts")
"""Outputs the words come from."""

VECTOR_OUTPUTS = (VISUAL_OUTPUT, DOCUMENT_OUTPUT)
"""Vectors, each in a space of the search index."""

MODEL_OUTPUTS = SLOW_OUTPUTS.union(VECTOR_OUTPUTS)
"""Computed by a model: a library can switch them off."""

INDEX_OUTPUT = "index"
"""The photo's entry in the search index, built from the others."""

OUTPUTS = (*INTAKE_OUTPUTS, "texts", "faces", *VECTOR_OUTPUTS, INDEX_OUTPUT)
"""Every output, in the order they are made."""

PHOTO = "photos"
"""Stands for the photo itself where its state is kept beside its outputs'."""


def space(output: str, version: str) -> str:
    """Name of the vector space of an output at a version: vectors of two models never meet in one."""
    return f"{output.removeprefix('embeddings.')}_{version}"
