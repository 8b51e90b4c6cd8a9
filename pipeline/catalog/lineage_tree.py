"""Draws a lineage as a tree on a terminal, from the asset down to each photo."""

from rich.markup import escape
from rich.tree import Tree

from pipeline.catalog.lineage import Lineage, LineageStep

FIGURES = ("chosen", "score", "passed", "prompt_likeness", "failed")  # of a report, for a step that judges tries


def lineage_tree(lineage: Lineage) -> Tree:
    """The tree, with photos as its leaves. A step that several others read is expanded only the first time."""
    asset = lineage.detail.asset
    tree = Tree(
        f"[bold]{escape(asset.id)}[/bold]  {escape(asset.state)}, {escape(asset.source)}, "
        f"{f'from {escape(lineage.photo)}, ' if lineage.photo else ''}"
        f"{asset.width_px}x{asset.height_px}  sha256 {asset.sha256[:12]}  "
        f"{lineage.seconds:.1f} s, {lineage.cost_usd:.4f} USD, {len(lineage.sources())} source files"
    )
    if lineage.detail.brief:
        tree.add(f"asked for: {escape(lineage.detail.brief)}")
    if lineage.licences:
        tree.add(f"licences: {escape('; '.join(lineage.licences))}")
    if lineage.steps:
        _add(tree, lineage, lineage.steps[0], set())
    return tree


def _add(parent: Tree, lineage: Lineage, step: LineageStep, shown: set[str]) -> None:
    if step.key in shown:
        parent.add(f"{escape(step.title)}  [dim]{step.key[:12]}, expanded above[/dim]")
        return
    shown.add(step.key)
    branch = parent.add(_line(step))
    settings = {name: value for name, value in step.params.items() if value not in (None, "", [], {})}
    if settings:
        params = ", ".join(f"{name}={_short(value)}" for name, value in settings.items())
        branch.add(f"[dim]params {escape(params)}[/dim]")
    found = {name: step.report[name] for name in FIGURES if step.report.get(name) not in (None, [])}
    if found:
        branch.add(f"[dim]found {escape(', '.join(f'{name}={_short(value)}' for name, value in found.items()))}[/dim]")
    for photo in lineage.sources(step.key):
        branch.add(f"[green]{escape(photo.name)}[/green]  sha256 {photo.sha256[:12]}")
    for source, _edges in lineage.parents(step.key):
        _add(branch, lineage, source, shown)


def _line(step: LineageStep) -> str:
    engine = f"  engine {escape(step.engine)}" if step.engine else ""
    cost = f", {step.cost_usd:.4f} USD" if step.cost_usd else ""
    return (
        f"[bold]{escape(step.title)}[/bold] v{step.version}{engine}  "
        f"{step.seconds:.1f} s on {escape(step.device)}{cost}  [dim]{step.key[:12]}[/dim]"
    )


def _short(value: object, limit: int = 120) -> str:
    text = str(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
