"""A collection as a matrix of shoots and steps: what is there, what a run would make, and why."""

from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from pipeline.catalog.shoots import ShootState, StepFate
from pipeline.contract.plan import Plan
from pipeline.contract.runner import Runner
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput
from pipeline.editions import outdated_steps
from pipeline.plan import STEPS, UPSTREAM, stage_of
from pipeline.run import StepForecast, forecast

CellState = Literal["cached", "missing", "failed", "held", "outdated"]
STATES: tuple[CellState, ...] = get_args(CellState)


class Cell(Frozen):
    """One step of one shoot.

    `cached`: what today's code, preset and photos ask for is there. Otherwise how it stands: `held` or `failed` the
    last time, `outdated` (stage version, preset or checkpoint changed since), `missing` (never made, or not from these
    photos). `runs`: whether a run would compute it; False also where it would be held again for the same reason.
    """

    step: str
    state: CellState
    runs: bool
    reason: str = ""


def cells_of(
    runner: Runner, plan: Plan, digest: str, known: ShootState | None, last: Mapping[str, StepFate], edition: str
) -> tuple[Cell, ...]:
    """The cells of a shoot, in the order of its steps.

    `plan`, `digest`: as planned now. `known`: what the catalog has of the shoot. `last`: how each step ended the last
    time. `edition`: today's, of `pipeline.editions`.
    """
    outdated = outdated_steps(known.edition if known else None, edition)
    cells = [_cell(runner, step, last.get(step.step), step.step in outdated) for step in forecast(runner, plan)]
    if not any(cell.runs for cell in cells if stage_of(cell.step).cached) and known and known.plan_digest == digest:
        cells = [_as_published(cell, last.get(cell.step)) for cell in cells]
    return tuple(cells)


def _cell(runner: Runner, step: StepForecast, last: StepFate | None, is_outdated: bool) -> Cell:
    if step.state == "cached":
        return Cell(step=step.step, state="cached", runs=False)
    if step.state == "held" and step.key:
        manifest = runner.store.manifest(stage_of(step.step).name, step.key)
        return Cell(
            step=step.step, state="held", runs=False, reason=manifest.held.what if manifest and manifest.held else ""
        )
    if last is not None and last.state in {"failed", "refused"}:
        return Cell(step=step.step, state="failed", runs=True, reason=last.reason)
    if last is not None and last.state == "held":
        return Cell(step=step.step, state="held", runs=True, reason=last.reason)
    made = last is not None and last.state in {"done", "cached"}
    return Cell(step=step.step, state="outdated" if made and is_outdated else "missing", runs=True)


def _as_published(cell: Cell, last: StepFate | None) -> Cell:
    """The cell of a step that keeps no result (publish), if all above it is there and it has run on that."""
    done = not stage_of(cell.step).cached and last is not None and last.state in {"done", "cached"}
    return Cell(step=cell.step, state="cached", runs=False) if done else cell


def parse_steps(text: str) -> tuple[str, ...]:
    """The steps that a range names, in order: `splat`, `splat..`, `..coverage`, `sfm..splat`; empty or `..`: all.

    Raises BadInput for a name that is not a step, and for a range that runs backwards.
    """
    first, dots, last = text.strip().partition("..")
    first, last = first or STEPS[0], last or (STEPS[-1] if dots or not text.strip() else first)
    for name in (first, last):
        if name not in STEPS:
            raise BadInput(f"--steps {text}: {name!r} is not a step", remedy=f"Use {', '.join(STEPS)}")
    if STEPS.index(last) < STEPS.index(first):
        raise BadInput(f"--steps {text}: {last} comes before {first}", remedy=f"Write --steps {last}..{first} instead")
    return STEPS[STEPS.index(first) : STEPS.index(last) + 1]


def with_upstream(steps: Iterable[str]) -> tuple[str, ...]:
    """These steps and all above them, in order."""
    needed: set[str] = set(steps)
    for step in reversed(STEPS):
        if step in needed:
            needed.update(UPSTREAM[step])
    return tuple(step for step in STEPS if step in needed)
