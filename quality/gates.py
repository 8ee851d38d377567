"""Gates as Dagster asset checks: they block a batch's run, record a verdict publishing trusts, and show what is wrong.

Belongs here: wiring a table's gate to its asset, and the wording people read in the UI. Does not belong here: what is
expected (`derive`, `suites`), running it (`gate`), or where rows come from (`darkroom.services.gates`).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import dagster as dg
import pandas as pd
import pyarrow as pa

from darkroom.contracts.table import Severity, Table
from darkroom.services import generations
from darkroom.services.evidence import declared_dimensions, objects_of, output_states
from darkroom.services.gates import Gatekeeper, Verdict
from darkroom.services.platform import Platform
from darkroom.stores.state.generations import Generation
from quality.engine import preload
from quality.gate import GateReport, Result, check
from quality.rules import DIMENSIONS, OBJECTS, OUTPUTS, rules

CHECK = "gate"
"""Name of every gate among the checks of its asset."""


def build_gate(table: Table, batches: dg.PartitionsDefinition[str]) -> dg.AssetChecksDefinition:
    """The blocking check of a table's rows, one verdict per batch; asks for resources `gatekeeper` and `platform`."""
    needs = {need for rule in rules(table) for need in rule.needs}
    names = [table.name, *sorted(needs - {OUTPUTS, OBJECTS, DIMENSIONS, table.name})]

    @dg.asset_check(
        asset=dg.AssetKey([table.name]),
        name=CHECK,
        blocking=True,
        partitions_def=batches,
        description=f"The contract of {table.name}, and what its columns cannot say: {len(rules(table))} rules.",
    )
    def gate(
        context: dg.AssetCheckExecutionContext,
        gatekeeper: dg.ResourceParam[Gatekeeper],
        platform: dg.ResourceParam[Platform],
    ) -> dg.AssetCheckResult:
        batch_id = UUID(context.op_execution_context.partition_key)
        rows = gatekeeper.rows(names, batch_id)
        companions = frames({name: found for name, found in rows.items() if name != table.name})
        if OUTPUTS in needs:
            companions[OUTPUTS] = output_states(platform, batch_id).to_pandas()
        if OBJECTS in needs:
            companions[OBJECTS] = objects_of(platform, table.name, rows[table.name]).to_pandas()
        if DIMENSIONS in needs:
            companions[DIMENSIONS] = declared_dimensions(platform).to_pandas()
        report = check(table, rows[table.name].to_pandas(), companions)
        verdict = Verdict(report.passed, report.quarantined, report.as_json())
        gatekeeper.record(table.name, batch_id, rows[table.name], verdict)
        return check_result(report)

    return gate


Gather = Callable[[Platform, Generation, Mapping[str, pa.Table]], Mapping[str, pa.Table]]
"""Gives, of a generation and its rows, what other stores know about them, by companion."""


def build_generation_gate(
    kind: str, tables: Sequence[Table], library_of: Callable[[dg.DagsterRun], UUID], gather: Gather
) -> dg.AssetChecksDefinition:
    """The blocking check of the newest generation of `kind`, over all its tables; it hangs on the first one's asset.

    `library_of` says which library a run is about, `gather` what else its rules need to know.
    A generation is shown whole or not at all: nothing of it can be set aside.
    """

    @dg.asset_check(
        asset=dg.AssetKey([tables[0].name]),
        name=CHECK,
        blocking=True,
        description=f"The contracts of {', '.join(table.name for table in tables)}, and what their columns cannot say.",
    )
    def gate(context: dg.AssetCheckExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.AssetCheckResult:
        generation = generations.unshown(platform, library_of(context.run), kind)
        if generation is None:
            return dg.AssetCheckResult(passed=True, description="Nothing new was made.")
        rows = generations.rows_of(platform, generation, [table.name for table in tables])
        companions = frames({**rows, **gather(platform, generation, rows)})
        reports = [check(table, companions[table.name], companions) for table in tables]
        report = GateReport(
            passed=all(one.passed and not one.quarantined for one in reports),
            rows=sum(one.rows for one in reports),
            quarantined={},
            results=tuple(result for one in reports for result in one.results),
            skipped=tuple(sentence for one in reports for sentence in one.skipped),
        )
        generations.record(platform, generation, rows, report.passed, report.as_json())
        return check_result(report)

    return gate


def gatekeeper_resource(gatekeeper: Gatekeeper) -> dg.ResourceDefinition:
    """The `gatekeeper` resource; the expectation library starts loading with the run, beside its first step."""

    def start(_: dg.InitResourceContext) -> Gatekeeper:
        preload()
        return gatekeeper

    return dg.ResourceDefinition(start, description="Gives gates their rows and records their verdicts.")


def frames(rows: Mapping[str, pa.Table]) -> dict[str, pd.DataFrame]:
    """Arrow tables as frames."""
    return {name: found.to_pandas() for name, found in rows.items()}


def check_result(report: GateReport) -> dg.AssetCheckResult:
    """A report as people see it: blocked is an error, warned a warning, set aside a pass that says so."""
    broken = [result for result in report.results if not result.success]
    warned = report.passed and any(result.severity is Severity.WARN for result in broken)
    metadata: dict[str, Any] = {
        "rows": report.rows,
        "expectations": len(report.results),
        "broken": len(broken),
        "quarantined photos": len(report.quarantined),
    }
    if broken:
        metadata["what is wrong"] = dg.MetadataValue.md(_as_markdown(broken))
    if report.quarantined:
        metadata["set aside"] = dg.MetadataValue.json(dict(report.quarantined))
    if report.skipped:
        metadata["not checked"] = dg.MetadataValue.json(list(report.skipped))
    return dg.AssetCheckResult(
        passed=report.passed and not warned,
        severity=dg.AssetCheckSeverity.WARN if warned else dg.AssetCheckSeverity.ERROR,
        description=_summary(report, broken),
        metadata=metadata,
    )


def _summary(report: GateReport, broken: Sequence[Result]) -> str:
    blocking = [result.expectation for result in broken if result.severity is Severity.BLOCK]
    if blocking:
        return f"{report.rows} rows stopped: {'; '.join(blocking)}"
    aside = f", {len(report.quarantined)} photos set aside" if report.quarantined else ""
    return f"{report.rows} rows meet {len(report.results) - len(broken)} of {len(report.results)} expectations{aside}"


def _as_markdown(broken: Sequence[Result]) -> str:
    lines = ["| expectation | severity | rows | sample |", "| --- | --- | ---: | --- |"]
    for result in broken:
        sample = "<br>".join(f"`{_cell(each)}`" for each in result.sample)
        lines.append(f"| {_cell(result.expectation)} | {result.severity} | {result.unexpected_count} | {sample} |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Text that cannot end its table cell or its code span."""
    return text.replace("|", "¦").replace("`", "'").replace("\n", " ")
