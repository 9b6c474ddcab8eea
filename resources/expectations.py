"""The one bridge to Great Expectations: is an evidence table well-formed enough to be judged?

Columns, row count, uniqueness, ranges, expected words. Quantiles are ours (Great Expectations'
crash on numpy 2.4). Imported late: 8 s of CPU, the heaviest import of all.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from release_assets.domain.evals.rows import RowStatus
from release_assets.domain.finding import Finding, Outcome
from release_assets.ports import EvidenceShape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

RULE = "evidence_is_well_formed"


class GreatExpectationsShape(EvidenceShape):
    """Checks suite tables: one row per case, repeat and scorer on each side."""

    def findings(
        self, rows: Sequence[Mapping[str, Any]], *, cases: int, repeats: int, scorers: Sequence[str]
    ) -> tuple[Finding, ...]:
        """Return one passed finding, or an inconclusive one per failed expectation."""
        results = _validate(rows, _expectations(cases * repeats * len(scorers), scorers))
        failed = [r for r in results if not r.success]
        if failed:
            return tuple(_broken(r) for r in failed)
        because = f"{len(rows)} rows meet {len(results)} expectations of shape"
        return (Finding(rule=RULE, outcome=Outcome.PASSED, because=because, n=len(rows)),)


def _expectations(rows_a_side: int, scorers: Sequence[str]) -> list[Any]:
    from great_expectations import expectations as gxe

    return [
        gxe.ExpectTableRowCountToEqual(value=2 * rows_a_side),
        gxe.ExpectCompoundColumnsToBeUnique(column_list=["arm", "case", "repeat", "scorer"]),
        gxe.ExpectColumnValuesToBeInSet(column="arm", value_set=["candidate", "baseline"]),
        gxe.ExpectColumnValuesToBeInSet(column="scorer", value_set=list(scorers)),
        gxe.ExpectColumnValuesToBeInSet(column="status", value_set=[str(s) for s in RowStatus]),
        gxe.ExpectColumnValuesToBeBetween(column="score", min_value=0, max_value=1),
        gxe.ExpectColumnValuesToBeBetween(column="latency_ms", min_value=0),
        gxe.ExpectColumnValuesToNotBeNull(column="case"),
    ]


def _validate(rows: Sequence[Mapping[str, Any]], expectations: list[Any]) -> list[Any]:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    import pandas as pd
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    quiet = ProgressBarsConfig(globally=False, metric_calculations=False)
    context.variables.progress_bars = quiet
    asset = context.data_sources.add_pandas("evidence").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch(
        {"dataframe": pd.DataFrame([{**r, "status": str(r["status"])} for r in rows])}
    )
    suite = gx.ExpectationSuite(name="shape", expectations=expectations)
    return list(batch.validate(suite).results)


def _broken(result: Any) -> Finding:
    config = result.expectation_config
    column = config.kwargs.get("column") or ", ".join(config.kwargs.get("column_list", ()))
    observed = result.result.get("unexpected_count", result.result.get("observed_value"))
    because = f"the evidence table is badly formed: {config.type} on '{column}' found {observed}"
    return Finding(rule=RULE, outcome=Outcome.INCONCLUSIVE, because=because)
