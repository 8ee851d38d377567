"""Approximate indexes of large vector spaces: a graph per space, built at upkeep; small spaces are searched exactly.

Belongs here: when a space gets an index, and of which kind. Does not belong here: searching (`vectors`).

One graph (HNSW) over all vectors, kept as bytes (SQ): at 100,000 vectors it answers in a fiftieth of an exact search's
time and finds .97 of what that finds, more under filters, which the graph obeys while it is walked.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

LARGE = 10_000
"""Vectors from which a space has an index; fewer are compared one by one in 25 ms."""

MOST_PARTS = 8
"""New vectors are taken in as parts of their own, cheaply. Past this many parts the graph is built anew."""


def index_spaces(table: Any, large: int = LARGE) -> list[str]:
    """Builds what indexes are missing or in too many parts; returns the columns. Takes a minute for 100,000 vectors."""
    from lancedb.index import HnswSq

    indexed = {column: made.name for made in table.list_indices() for column in made.columns}
    built = []
    for field in table.schema:
        if not pa.types.is_fixed_size_list(field.type):
            continue
        if field.name in indexed:
            stale = (table.index_stats(indexed[field.name]).num_indices or 1) > MOST_PARTS
        else:
            stale = table.count_rows(f"{field.name} IS NOT NULL") >= large
        if stale:
            table.create_index(field.name, config=HnswSq(distance_type="cosine", num_partitions=1))
            built.append(field.name)
    return built
