"""Which version of every output this installation computes: from its code, weights and settings.

Belongs here: gathering the versions and making them current in state and lake. Does not belong here: how a version is
hashed (`domain.identity`), or what differs between two (`decoding`, `inference`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from darkroom.contracts.catalogue import TABLES
from darkroom.contracts.operations import OutputVersion as OutputVersionRow
from darkroom.decoding.decoder import outputs_of_intake
from darkroom.domain.identity import output_version
from darkroom.domain.outputs import INDEX_OUTPUT
from darkroom.inference.registry import text_reader
from darkroom.services.documents import DOCUMENT_VERSION
from darkroom.services.platform import Platform
from darkroom.stores.state import outputs
from darkroom.stores.state.outputs import OutputVersion


def versions(platform: Platform) -> dict[str, OutputVersion]:
    """The version of every output, by output: a provider's where there is one, else its contract's."""
    reader = text_reader(platform.settings.inference.text_reader)
    found = [
        OutputVersion(one.output, output_version("darkroom", one.code_version, "", {}), "darkroom")
        for one in TABLES
        if one.output is not None
    ]
    found += [
        OutputVersion(output, output_version(part.provider, part.code_version, "", part.parameters), part.provider)
        for output, part in outputs_of_intake().items()
    ]
    found.append(OutputVersion("texts", reader.version, reader.name))
    found.append(OutputVersion(INDEX_OUTPUT, output_version("document", DOCUMENT_VERSION, "", {}), "document"))
    return {version.output: version for version in found}


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
