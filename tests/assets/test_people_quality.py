"""Real people, found by the bundled finder, published batch by batch and grouped in between."""

import csv
import json
import random
import shutil
from pathlib import Path

import dagster as dg
import numpy as np
import pytest
from sqlalchemy import select, update

from darkroom.domain.identity import DEFAULT_LIBRARY, DEFAULT_OWNER
from darkroom.services.curating import Curator
from darkroom.services.platform import Platform
from darkroom.stores.state import schema
from darkroom.testing.sources import register
from orchestration import tags
from orchestration.definitions import build_definitions

SOURCES_OF_COLOUR = ("lfw", "deepface", "fr", "openface")
BATCHES = 3


@pytest.fixture
def identities(testdata: Path) -> dict[str, str]:
    """Files that show one known person in colour, and who that is."""
    rows = csv.DictReader((testdata / "faces" / "MANIFEST.csv").open())
    known = {row["file"]: json.loads(row["label"])["identity"] for row in rows}
    return {name: who for name, who in known.items() if who and name.split("_")[0] in SOURCES_OF_COLOUR}


def largest_faces(platform: Platform) -> dict[str, object]:
    """The person of the largest face of every photo, by file name."""
    faces, files = schema.faces, schema.photo_files
    statement = (
        select(files.c.path, faces.c.person_id)
        .join(faces, faces.c.photo_id == files.c.photo_id)
        .distinct(files.c.path)
        .order_by(files.c.path, faces.c.size_px.desc(), faces.c.face_id)
    )
    with platform.state.begin() as connection:
        return {row.path: row.person_id for row in connection.execute(statement)}


def b_cubed(found: list[object], truth: list[object]) -> float:
    """B³ F of Bagga and Baldwin, 1998."""
    ours, theirs = (np.unique([str(one) for one in side], return_inverse=True)[1] for side in (found, truth))
    together, alike = ours[:, None] == ours, theirs[:, None] == theirs
    both = (together & alike).sum(axis=1)
    precision, recall = (both / together.sum(axis=1)).mean(), (both / alike.sum(axis=1)).mean()
    return float(2 * precision * recall / (precision + recall))


@pytest.mark.testdata
def test_real_people_are_told_apart_though_their_photos_come_in_batches_and_names_stay(
    platform: Platform,
    instance: dg.DagsterInstance,
    import_source,
    identities: dict[str, str],
    testdata: Path,
    tmp_path: Path,
):
    with platform.state.begin() as connection:
        off = ["texts", "embeddings.visual", "embeddings.document"]
        connection.execute(update(schema.libraries).values(outputs_off=off))
    group = build_definitions(platform=platform).resolve_job_def("group_people")
    names = sorted(identities)
    random.Random(5).shuffle(names)
    named = None
    for batch in range(BATCHES):
        folder = tmp_path / f"batch {batch}"
        folder.mkdir()
        for name in names[batch::BATCHES]:
            shutil.copy(testdata / "faces" / name, folder)
        assert all(result.success for result in import_source(register(platform.state, folder)))
        assert group.execute_in_process(instance=instance, tags={tags.LIBRARY: str(DEFAULT_LIBRARY)}).success
        people = largest_faces(platform)
        if named is None:
            named = people[names[0]]
            with platform.state.begin() as connection:
                Curator(connection, DEFAULT_OWNER, [DEFAULT_LIBRARY]).rename(named, "Somebody")
    assert set(people) == set(names)
    assert b_cubed([people[name] for name in names], [identities[name] for name in names]) > 0.95
    whose = [people[name] == named for name in names if identities[name] == identities[names[0]]]
    assert sum(whose) / len(whose) > 0.8
    with platform.state.begin() as connection:
        known = connection.execute(select(schema.people).where(schema.people.c.person_id == named)).one()
    assert known.name == "Somebody"
