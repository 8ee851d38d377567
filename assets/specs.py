"""From a contract to an asset's spec: key, description, owners and columns are said once, in the contract."""

from collections.abc import Sequence

import dagster as dg

from assets.columns import column_schema
from darkroom.contracts.catalogue import table


def table_spec(name: str, *, group: str, deps: Sequence[str] = ()) -> dg.AssetSpec:
    """The spec of the asset that fills the lake table `name`."""
    contract = table(name)
    return dg.AssetSpec(
        name,
        deps=list(deps),
        group_name=group,
        description=f"{contract.description}\n\nGrain: {contract.grain}.",
        owners=list(contract.owners),
        kinds={"ducklake"},
        metadata={"dagster/column_schema": column_schema(contract), "dagster/table_name": f"core.{name}"},
        tags={"pii": "yes"} if contract.pii else {},
    )
