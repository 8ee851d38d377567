"""What the lake knows of how faces look."""

from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from darkroom.stores.lake import Lake


def descriptors(
    lake: Lake, library_id: str, version: str, among: Collection[str]
) -> tuple[list[str], NDArray[np.float32]]:
    """Ids of those faces `among` these that a version of a finder saw in a library, in order, and their descriptors.

    These have shape (n, dimensions). Raises `ValueError` when they are not equally long.
    """
    found = lake.query(
        "SELECT face_id, any_value(descriptor) AS descriptor FROM core.faces"
        " WHERE library_id = $library_id AND output_version = $version GROUP BY face_id ORDER BY face_id",
        {"library_id": library_id, "version": version},
    )
    found = found.filter(pc.is_in(found["face_id"], pa.array(among, found["face_id"].type)))
    faces: list[str] = found["face_id"].to_pylist()
    numbers = found["descriptor"].combine_chunks()
    lengths = numbers.value_lengths().unique().to_pylist()
    if len(lengths) > 1:
        raise ValueError(f"descriptors of version {version} have {sorted(lengths)} numbers")
    flat = numbers.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    return faces, flat.reshape(len(faces), -1) if faces else np.empty((0, 0), np.float32)
