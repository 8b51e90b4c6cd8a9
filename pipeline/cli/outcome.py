"""How a run of one shoot ended, for a person: one table and what to do, in at most `LINES_MAX` lines."""

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipeline.core.records import LeftOut
from pipeline.core.shoot_files import by_reason
from pipeline.run import StepResult

COLOURS = {"done": "green", "cached": "cyan", "held": "yellow", "failed": "red", "refused": "red", "not run": "dim"}
LINES_MAX = 25
TABLE_LINES = 5  # besides one per step: title, header, and the lines above and below each
NAMES_MAX = 3
SHOWN_SECONDS = 0.05
Report = Mapping[str, Any]


def print_outcome(
    console: Console,
    title: str,
    results: Sequence[StepResult],
    reports: Mapping[str, Report],
    pictures: Mapping[str, Path],
    sheet: Path | None,
    left_out: Sequence[LeftOut] = (),
) -> None:
    """Print the table, the reason of each step that is held or failed by itself, and where the pictures are.

    `reports`: those of the finished steps, by step. `pictures`: of why steps are held, by step. `left_out`: files that
    no step uses. The paths are printed in full; a reason that does not fit is cut, and is whole with `--json`.
    """
    console.print(title, style="bold", markup=False, highlight=False, no_wrap=True, overflow="ellipsis")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("step", no_wrap=True, min_width=max(map(len, ("step", *(result.step for result in results)))))
    table.add_column("state", no_wrap=True, min_width=max(map(len, ("state", *(result.state for result in results)))))
    table.add_column("seconds", no_wrap=True, justify="right", min_width=len("seconds"))
    table.add_column("note", no_wrap=True, overflow="ellipsis")
    for result in results:
        state = f"[{COLOURS[result.state]}]{result.state}[/]"
        seconds = f"{result.seconds:.1f}" if result.seconds >= SHOWN_SECONDS else ""
        note = _note(result, reports.get(result.step, {}), result.step in pictures)
        table.add_row(result.step, state, seconds, escape(note))
    console.print(table)
    paths = [f"picture of {step}: {path}" for step, path in pictures.items()]
    paths += [f"contact sheet: {sheet}"] if sheet else []
    room = LINES_MAX - TABLE_LINES - len(results) - len(paths)
    reasons = list(_reasons(results, console.width))
    others = (f"left out, {line}" for line in by_reason(left_out))
    reasons += [textwrap.wrap(line, console.width, subsequent_indent="  ") for line in others]
    for line in _fitted(reasons, room, console.width):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    for line in paths:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _reasons(results: Sequence[StepResult], width: int) -> Iterator[list[str]]:
    """The wrapped reason of every step that is not as it should be by itself, and not because of a step above."""
    for result in results:
        if result.reason and result.by is None and result.state in {"held", "failed", "refused"}:
            code = f" [{result.code}]" if result.code else ""
            yield textwrap.wrap(f"{result.step} {result.state}: {result.reason}{code}", width, subsequent_indent="  ")


def _fitted(reasons: list[list[str]], room: int, width: int) -> list[str]:
    """The lines of all reasons if they fit into `room` lines, else as many lines of each as fit."""
    if sum(map(len, reasons)) <= room:
        return [line for lines in reasons for line in lines]
    each = max(1, room // max(1, len(reasons)))
    shown = []
    for lines in reasons[:room]:
        shown += lines[:each]
        if len(lines) > each:
            shown[-1] = textwrap.shorten(f"{shown[-1]} {lines[each]}", width - 1, placeholder=" ...")
    return shown


def _note(result: StepResult, report: Report, pictured: bool) -> str:
    if result.by is not None or result.state == "not run":
        return result.reason
    if result.state in {"held", "failed", "refused"}:
        return "see below, and its picture" if pictured else "see below"
    make = NOTES.get(result.step)
    return make(report) if make and report else ""


def _listed(names: Sequence[str], one: str, many: str) -> str:
    """Such as `2 angles refused: left, top`; empty without names."""
    if not names:
        return ""
    more = f" and {len(names) - NAMES_MAX} more" if len(names) > NAMES_MAX else ""
    return f"{len(names)} {one if len(names) == 1 else many}: {', '.join(names[:NAMES_MAX])}{more}"


def _published(report: Report) -> str:
    counts = [(report.get(key, 0), key.replace("_", " ")) for key in ("published", "in_review", "rejected")]
    return ", ".join(f"{count} {state}" for count, state in counts if count)


NOTES: Mapping[str, Callable[[Report], str]] = {
    "ingest": lambda r: _listed([left["file"] for left in r.get("left_out", ())], "file left out", "files left out"),
    "cutout": lambda r: _listed(
        [failed.partition(":")[0] for failed in r.get("failed", ())], "photo without product", "photos without product"
    ),
    "sfm": lambda r: _listed(r.get("not_registered", ()), "photo not posed", "photos not posed"),
    "coverage": lambda r: _listed(list(r.get("refusals", ())), "angle refused", "angles refused"),
    "render": lambda r: _listed(list(r.get("missing", ())), "angle without picture", "angles without picture"),
    "publish": _published,
}
"""What of a finished step's report a person should see at the end of a run."""
