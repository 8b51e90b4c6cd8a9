"""A lineage as nested branches: the same as the graph, in words, for screen readers and for searching in the page."""

from typing import Any

from pipeline.catalog.lineage import Lineage, LineageStep


def lineage_branches(lineage: Lineage) -> dict[str, Any] | None:
    """The branches for the template, from the asset's step down; None if the catalog has no lineage."""
    return _branch(lineage, lineage.steps[0], set()) if lineage.steps else None


def _branch(lineage: Lineage, step: LineageStep, shown: set[str]) -> dict[str, Any]:
    """A step and its parents. A step is expanded only the first time."""
    repeated = step.key in shown
    shown.add(step.key)
    parents = [] if repeated else lineage.parents(step.key)
    return {
        "step": step,
        "repeated": repeated,
        "photos": [] if repeated else lineage.sources(step.key),
        "parents": [_branch(lineage, parent, shown) for parent, _ in parents],
    }
