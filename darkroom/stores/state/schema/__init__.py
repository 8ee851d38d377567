"""Tables of the state database. The migrations create exactly these; a drift test compares the two.

`control` is the truth of what was asked, done and decided; `serving` is a projection the API reads.
What belongs to a library carries `library_id` and has row-level security: the API's role sees the libraries named by
the session setting `darkroom.libraries` (a comma-separated list of ids) and nothing else; the owner (the pipeline)
bypasses it.

`schema.<table>` is the one path to a table; the modules beside this one only share them out by subject.
"""

from darkroom.stores.state.schema._base import metadata
from darkroom.stores.state.schema._control import (
    api_keys,
    batch_items,
    batches,
    contents,
    failures,
    gate_results,
    libraries,
    outputs,
    photo_outputs,
    progress,
    requests,
    source_files,
    sources,
    users,
)
from darkroom.stores.state.schema._duplicates import (
    duplicate_facts,
    duplicate_groups,
    duplicate_members,
    stack_members,
    stacks,
)
from darkroom.stores.state.schema._models import model_runs
from darkroom.stores.state.schema._people import faces, generations, people, person_facts
from darkroom.stores.state.schema._search import search_events
from darkroom.stores.state.schema._serving import (
    changes,
    photo_files,
    photo_words,
    photos,
    publish_epoch,
    published_outputs,
    texts,
)
from darkroom.stores.state.schema._sessions import sessions, sign_in_codes

__all__ = [
    "api_keys",
    "batch_items",
    "batches",
    "changes",
    "contents",
    "duplicate_facts",
    "duplicate_groups",
    "duplicate_members",
    "faces",
    "failures",
    "gate_results",
    "generations",
    "libraries",
    "metadata",
    "model_runs",
    "outputs",
    "people",
    "person_facts",
    "photo_files",
    "photo_outputs",
    "photo_words",
    "photos",
    "progress",
    "publish_epoch",
    "published_outputs",
    "requests",
    "search_events",
    "sessions",
    "sign_in_codes",
    "source_files",
    "sources",
    "stack_members",
    "stacks",
    "texts",
    "users",
]
