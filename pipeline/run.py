"""Runs the steps of a plan on this machine, and says how each one ended."""

import sys
from collections.abc import Callable
from typing import Literal

from pipeline.contract.artifact import Artifact
from pipeline.contract.manifest import Manifest
from pipeline.contract.plan import Plan
from pipeline.contract.runner import Runner, ignore
from pipeline.contract.store import FolderStore
from pipeline.contract.work import Event
from pipeline.domain import Frozen
from pipeline.errors import BadInput, CatalogError, Held
from pipeline.plan import UPSTREAM, stage_of
from pipeline.settings import Settings

State = Literal["done", "cached", "held", "failed", "bad input", "not run"]


class StepFate(Frozen):
    """How one step ended: computed, answered from its manifest, held, failed, or never reached."""

    step: str
    state: State
    seconds: float = 0.0
    reason: str = ""
    key: str | None = None


def runner_from(settings: Settings, notify: Callable[[Event], None] = ignore) -> Runner:
    """The runner that the settings describe."""
    return Runner(
        store=FolderStore(settings.store),
        notify=notify,
        catalog_url=settings.catalog_url,
        image_digest=settings.image_digest,
        device=settings.device,
        cost_per_hour_usd=settings.cost_per_hour_usd,
    )


def run_step(runner: Runner, plan: Plan, digest: str, step: str) -> StepFate:
    """Run one step of a plan. Held and bad input are fates; anything unexpected is raised."""
    stage = stage_of(step)
    try:
        _, manifest, computed = runner.run_planned(plan, digest, step, stage)
    except Held as held:
        pointer = runner.store.pointer(digest, step)
        return StepFate(step=step, state="held", reason=str(held), key=pointer[1] if pointer else None)
    except BadInput as error:
        return StepFate(step=step, state="bad input", reason=str(error))
    return StepFate(
        step=step,
        state="done" if computed else "cached",
        seconds=manifest.provenance.seconds if computed else 0.0,
        key=manifest.key,
    )


def run_plan(
    runner: Runner, plan: Plan, digest: str, on_fate: Callable[[StepFate], None] = lambda _fate: None
) -> list[StepFate]:
    """Run every step of a plan in order. A step below a failed one is `not run`; a held one holds only what needs it."""
    fates: dict[str, StepFate] = {}
    for step in plan.steps:
        broken = [above for above in UPSTREAM[step] if fates[above].state in {"failed", "bad input", "not run"}]
        if broken:
            fates[step] = StepFate(step=step, state="not run", reason=f"{broken[0]} did not finish")
        else:
            try:
                fates[step] = run_step(runner, plan, digest, step)
            except CatalogError as error:
                fates[step] = StepFate(step=step, state="failed", reason=str(error))
        on_fate(fates[step])
    return list(fates.values())


def manifest_of(runner: Runner, digest: str, step: str) -> Manifest | None:
    """The manifest that a step of a plan led to, or None while it has not run."""
    pointer = runner.store.pointer(digest, step)
    return runner.store.manifest(*pointer) if pointer else None


def output_of(runner: Runner, digest: str, step: str, output: str) -> Artifact | None:
    """An output of a finished step, or None when the step has not run, was held, or made none."""
    manifest = manifest_of(runner, digest, step)
    value = (manifest.outputs or {}).get(output) if manifest else None
    return Artifact.model_validate(value) if value else None


def exit_code(fates: list[StepFate]) -> int:
    """0 when all is done, 20 when something is held, 30 for bad input, 1 for a failure: the worst one counts."""
    states = {fate.state for fate in fates}
    if "failed" in states:
        return CatalogError.exit_code
    if "bad input" in states:
        return BadInput.exit_code
    return Held.exit_code if "held" in states else 0


def warn(text: str) -> None:
    """Tell a person on stderr, where it does not disturb `--json`."""
    sys.stderr.write(text + "\n")
