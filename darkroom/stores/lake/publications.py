"""What the lake knows of publish epochs."""

from darkroom.stores.lake import Lake


def newest_epoch(lake: Lake) -> int:
    """The newest epoch whose publications were copied; 0 before the first."""
    found = lake.query("SELECT coalesce(max(epoch), 0) AS epoch FROM core.publications")
    return int(found["epoch"][0].as_py())
