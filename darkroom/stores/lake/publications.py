"""What the lake knows of publish epochs, of generations that were shown, of searches and of decisions."""

from darkroom.contracts.operations import PUBLICATIONS
from darkroom.contracts.table import Table
from darkroom.stores.lake import Lake


def newest_epoch(lake: Lake, table: Table = PUBLICATIONS) -> int:
    """The newest epoch a table knows of; 0 before the first."""
    found = lake.query(f"SELECT coalesce(max(epoch), 0) AS epoch FROM core.{table.name}")  # noqa: S608
    return int(found["epoch"][0].as_py())


def newest_generation(lake: Lake) -> int:
    """The newest generation that was copied; 0 before the first."""
    found = lake.query("SELECT coalesce(max(generation), 0) AS generation FROM core.generations")
    return int(found["generation"][0].as_py())


def newest_search(lake: Lake) -> int:
    """The newest search event that was copied; 0 before the first."""
    found = lake.query("SELECT coalesce(max(event), 0) AS event FROM core.searches")
    return int(found["event"][0].as_py())


def newest_person_fact(lake: Lake) -> int:
    """The newest decision about people that was copied; 0 before the first."""
    found = lake.query("SELECT coalesce(max(fact), 0) AS fact FROM core.person_facts")
    return int(found["fact"][0].as_py())
