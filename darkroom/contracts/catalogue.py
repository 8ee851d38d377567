"""Every table there is, in the order data flows. Adding a table means adding it here."""

from darkroom.contracts.files import PHOTO_FILES
from darkroom.contracts.fingerprints import FINGERPRINTS
from darkroom.contracts.metadata import METADATA
from darkroom.contracts.operations import BATCHES, FAILURES, OUTPUT_VERSIONS, PUBLICATIONS
from darkroom.contracts.photos import PHOTO_CONTENTS, PHOTOS
from darkroom.contracts.renditions import RENDITIONS
from darkroom.contracts.table import Table
from darkroom.contracts.texts import TEXTS

TABLES: tuple[Table, ...] = (
    PHOTOS,
    PHOTO_CONTENTS,
    PHOTO_FILES,
    METADATA,
    RENDITIONS,
    FINGERPRINTS,
    TEXTS,
    FAILURES,
    BATCHES,
    OUTPUT_VERSIONS,
    PUBLICATIONS,
)


def table(name: str) -> Table:
    """The table called `name`. Raises `KeyError` naming the tables there are."""
    for candidate in TABLES:
        if candidate.name == name:
            return candidate
    raise KeyError(f"no table is called {name!r}; there are {', '.join(t.name for t in TABLES)}")
