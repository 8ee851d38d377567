"""Agreement of the search index and serving, as an asset check of the index.

Belongs here: the verdict, and its wording. Does not belong here: comparing and repairing (`services.reconciling`), or
when that is done (`orchestration.jobs.upkeep`).
"""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from darkroom.services.platform import Platform
from darkroom.services.reconciling import ENTRIES, Reconciled, reconcile

AGREEMENT = dg.AssetCheckKey(dg.AssetKey(["index"]), "agrees_with_serving")
"""The check; upkeep evaluates it every hour, and nobody waits for it."""


def build_agreement_check() -> dg.AssetChecksDefinition:
    """The check of `index`: evaluated by upkeep, and on demand. It never blocks."""

    @dg.asset_check(
        asset=AGREEMENT.asset_key,
        name=AGREEMENT.name,
        blocking=False,
        description="Index and serving hold the same photos; upkeep compares both and repairs what differs.",
    )
    def agrees_with_serving(platform: dg.ResourceParam[Platform]) -> dg.AssetCheckResult:
        return agreement(reconcile(platform))

    return agrees_with_serving


def agreement(found: Sequence[Reconciled]) -> dg.AssetCheckResult:
    """What was found of every library, as people see it: a difference is a warning."""
    apart = [one for one in found if not one.agreed]
    both = {str(one.library_id): {"serving": one.serving.photos, "index": one.index.photos} for one in found}
    return dg.AssetCheckResult(
        check_name=AGREEMENT.name,
        asset_key=AGREEMENT.asset_key,
        passed=not apart,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{len(found) - len(apart)} of {len(found)} libraries agree",
        metadata={
            "photos in serving": sum(one.serving.photos[ENTRIES] for one in found),
            "photos in the index": sum(one.index.photos[ENTRIES] for one in found),
            "photos to be indexed anew": sum(one.anew for one in found),
            "of them with a vector that serving does not count": sum(one.surplus for one in found),
            "entries removed": sum(one.removed for one in found),
            "counts by library": dg.MetadataValue.json(both),
        },
    )


def evaluated(found: Sequence[Reconciled]) -> dg.AssetCheckEvaluation:
    """The same as an event, for a job that evaluates the check beside other work."""
    result = agreement(found)
    return dg.AssetCheckEvaluation(
        asset_key=AGREEMENT.asset_key,
        check_name=AGREEMENT.name,
        passed=result.passed,
        severity=result.severity,
        description=result.description,
        metadata=result.metadata,
    )
