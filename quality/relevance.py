"""Relevance as an asset check: where the sample library is published, golden queries must find what they should.

Belongs here: measures and the verdict. Does not belong here: asking (`services.relevance`), queries and judgements
(`darkroom.samples.queries`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean

import dagster as dg

from darkroom.samples.queries import QUERIES, UNANSWERABLE
from darkroom.sdk.stores import IndexUnavailable
from darkroom.services.platform import Platform
from darkroom.services.relevance import HYBRID, Runs, golden_runs

ENOUGH = 0.8
"""nDCG@10 of all legs together under which search has become worse, whatever its legs do."""

SILENCE = 1.0
"""Share of the unanswerable queries that have to find nothing: the samples are few, and each is known."""


@dataclass(frozen=True)
class Relevance:
    """How golden queries were answered.

    `ndcg` is the nDCG@10 of each leg over the queries it has something to go by, a text or an example, and of all
    together, as `hybrid`, over every query; `together` is that of all together over the queries of each leg, `by_query`
    of each query. `silence` is the share of unanswerable queries that found nothing.
    """

    ndcg: Mapping[str, float]
    together: Mapping[str, float]
    silence: float
    by_query: Mapping[str, float]

    @property
    def passed(self) -> bool:
        """All legs together are good, no worse than any of them, and silent where nothing is relevant."""
        no_worse = all(value >= self.ndcg[leg] for leg, value in self.together.items())
        return no_worse and self.ndcg[HYBRID] >= ENOUGH and self.silence >= SILENCE


def measured(runs: Runs) -> Relevance:
    """Judges runs of golden queries."""
    import ir_measures
    from ir_measures import Qrel, ScoredDoc, nDCG

    judged = [Qrel(one.name, name, grade) for one in QUERIES for name, grade in one.relevant.items()]

    def by_query(leg: str) -> dict[str, float]:
        scored = [ScoredDoc(query, name, score) for query, found in runs[leg].items() for name, score in found]
        return {one.query_id: float(one.value) for one in ir_measures.iter_calc([nDCG @ 10], judged, scored)}

    def mean(leg: str, queries: Iterable[str]) -> float:
        return fmean(found[leg][query] for query in queries)

    found = {leg: by_query(leg) for leg in runs}
    legs = found.keys() - {HYBRID}
    alone = {leg: [one.name for one in QUERIES if (one.like if leg == "look" else one.text)] for leg in legs}
    silent = [not runs[HYBRID][one.name] for one in UNANSWERABLE]
    return Relevance(
        ndcg={leg: mean(leg, queries) for leg, queries in alone.items()} | {HYBRID: mean(HYBRID, found[HYBRID])},
        together={leg: mean(HYBRID, queries) for leg, queries in alone.items()},
        silence=sum(silent) / len(silent),
        by_query=found[HYBRID],
    )


def build_relevance_check(batches: dg.PartitionsDefinition[str]) -> dg.AssetChecksDefinition:
    """The check of `published`; it never blocks, and has nothing to say of a library without the samples."""

    @dg.asset_check(
        asset=dg.AssetKey(["published"]),
        name="golden_queries",
        blocking=False,
        partitions_def=batches,
        description="Golden queries of the sample library: all legs together no worse than any, and silence kept.",
    )
    def golden_queries(platform: dg.ResourceParam[Platform]) -> dg.AssetCheckResult:
        severity = dg.AssetCheckSeverity.WARN
        try:
            runs = golden_runs(platform)
        except IndexUnavailable as error:
            return dg.AssetCheckResult(passed=False, severity=severity, metadata={"error": str(error)})
        if runs is None:
            return dg.AssetCheckResult(passed=True, severity=severity, metadata={"asked": False})
        found = measured(runs)
        return dg.AssetCheckResult(
            passed=found.passed,
            severity=severity,
            metadata={
                "asked": True,
                **{f"nDCG@10 {leg}": round(value, 4) for leg, value in found.ndcg.items()},
                **{f"nDCG@10 hybrid where {leg}": round(value, 4) for leg, value in found.together.items()},
                "unanswerable queries that found nothing": found.silence,
                "nDCG@10 by query": dg.MetadataValue.json({k: round(v, 3) for k, v in found.by_query.items()}),
            },
        )

    return golden_queries
