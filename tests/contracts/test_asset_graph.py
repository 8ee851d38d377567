"""The graph of assets, jobs and sensors of the line as it stands: a change of it shows in review.

That of the marts follows from `models_dbt`; loading it takes dbt, which is for the tests that build them.
"""

from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from orchestration.definitions import build_definitions
from tests.contracts.asset_graph import described


def test_the_line_is_as_reviewed(snapshot: SnapshotAssertion) -> None:
    assert described(build_definitions()) == snapshot.use_extension(JSONSnapshotExtension)
