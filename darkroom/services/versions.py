"""Which version of every output this installation computes: from its code, weights and settings.

Belongs here: gathering the versions and making them current in state and lake. Does not belong here: how a version is
hashed (`domain.identity`), or what differs between two (`decoding`, `inference`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from darkroom.contracts.catalogue import TABLES
from darkroom.contracts.operations import OutputVersion as OutputVersionRow
from darkroom.decoding.decoder import outputs_of_intake
from darkroom.domain.identity import output_version
from darkroom.domain.outputs import DOCUMENT_INPUTS, DOCUMENT_OUTPUT, INDEX_OUTPUT, VISUAL_OUTPUT
from darkroom.inference.registry import face_finder, image_embedder, text_embedder, text_reader
from darkroom.services.documents import DOCUMENT_VERSION
from darkroom.settings import InferenceSettings
from darkroom.stores.state import outputs
from darkroom.stores.state.outputs import OutputVersion

if TYPE_CHECKING:
    from darkroom.services.platform import Platform  # the API asks for versions, too, and needs none of its parts


def versions(platform: Platform) -> dict[str, OutputVersion]:
    """The version of every output of a platform, by output."""
    return versions_of(platform.settings.inference)


def versions_of(inference: InferenceSettings) -> dict[str, OutputVersion]:
    """The version of every output, by output: a provider's where there is one, else its contract's.

    Raises `ProviderUnknown` for a provider that cannot be had.
    """
    found = [
        OutputVersion(one.output, output_version("darkroom", one.code_version, "", {}), "darkroom")
        for one in TABLES
        if one.output is not None
    ]
    found += [
        OutputVersion(output, output_version(part.provider, part.code_version, "", part.parameters), part.provider)
        for output, part in outputs_of_intake().items()
    ]
    found += [
        OutputVersion(output, provider.version, provider.name)
        for output, provider in (
            ("texts", text_reader(inference.text_reader)),
            ("faces", face_finder(inference.face_finder)),
            ("embeddings.visual", image_embedder(inference.image_embedder)),
        )
    ]
    known = {version.output: version for version in found}
    meanings = text_embedder(inference.text_embedder)
    inputs = {output: known[output].version for output in DOCUMENT_INPUTS}
    document = output_version(meanings.name, DOCUMENT_VERSION, meanings.version, inputs)
    known[DOCUMENT_OUTPUT] = OutputVersion(DOCUMENT_OUTPUT, document, meanings.name)
    made = output_version("document", DOCUMENT_VERSION, "", {})
    known[INDEX_OUTPUT] = OutputVersion(INDEX_OUTPUT, made, "document")
    return known


def dimensions_of(inference: InferenceSettings) -> dict[str, int]:
    """How many numbers the vectors of an output have, as its provider declares, by output.

    Raises `ProviderUnknown` for a provider that cannot be had.
    """
    return {
        "faces": face_finder(inference.face_finder).make.dimensions,
        VISUAL_OUTPUT: image_embedder(inference.image_embedder).make.dimensions,
        DOCUMENT_OUTPUT: text_embedder(inference.text_embedder).make.dimensions,
    }


def declare_versions(platform: Platform, library_id: UUID) -> dict[str, OutputVersion]:
    """Makes this installation's versions current for a library and returns them by output."""
    mine = versions(platform)
    with platform.state.begin() as connection:
        changed = outputs.set_versions(connection, library_id, mine.values())
    if changed:
        now = datetime.now(UTC)
        rows = [
            OutputVersionRow(
                library_id=str(library_id),
                output=one.output,
                output_version=one.version,
                provider=one.provider,
                since=now,
            )
            for one in changed
        ]
        platform.lake.insert({"output_versions": rows}, message="output versions")
    return mine
