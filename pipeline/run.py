"""Run the steps of a plan on this machine."""

import json
import logging
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from pipeline.contract.artifact import Artifact
from pipeline.contract.budget import Budget
from pipeline.contract.manifest import HeldAbove, Manifest
from pipeline.contract.meter import Meter
from pipeline.contract.plan import Plan
from pipeline.contract.runner import Runner, held_request, ignore, is_final
from pipeline.contract.stage import AnyStage
from pipeline.contract.store import Store
from pipeline.contract.work import Event, FinishedStep
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput, CatalogError, Held
from pipeline.core.photo_names import photo_names, with_file_names
from pipeline.core.records import LeftOut, load_list
from pipeline.plan import UPSTREAM, stage_of
from pipeline.settings import Settings

log = logging.getLogger(__name__)

StepState = Literal["done", "cached", "held", "failed", "refused", "not run"]


class StepForecast(Frozen):
    """A step before it runs: its key and whether a manifest exists, or the step that it waits for."""

    step: str
    key: str | None = None
    state: str = Field(description="`cached`, `held`, `to run` or `unknown until <step>`")


class StepResult(Frozen):
    """How one step ended: computed, cached, held, failed, or never reached; and what it cost in this run."""

    step: str
    state: StepState
    seconds: float = 0.0
    cost_usd: float = 0.0
    computed: int = Field(default=0, description="its items that this run computed; a step without items counts as one")
    reused: int = Field(default=0, description="its items that came from the store")
    reason: str = ""
    code: str | None = Field(default=None, description="of a held step's reason; see pipeline.core.reasons")
    by: str | None = Field(default=None, description="the held step above that holds this one")
    picture: str | None = Field(default=None, description="sha256 of the PNG that shows why the step is held")
    key: str | None = None


def store_from(settings: Settings) -> Store:
    """The store that the settings name. Raises StoreFull or CatalogError if it cannot be used."""
    if isinstance(settings.store, Path):
        return Store(settings.store)
    from pipeline.contract.storage.bucket import BucketStorage
    from pipeline.core.bucket.client import Bucket

    limit_bytes = int(settings.cache_gb * 10**9)
    return Store(BucketStorage(Bucket(settings.store), settings.cache / "store", limit_bytes))


def runner_from(settings: Settings, notify: Callable[[Event], None] = ignore, run_id: str | None = None) -> Runner:
    """Make the runner that the settings describe. `run_id`: the run that pays; by default this process alone."""
    store, limit = store_from(settings), settings.usd_per_run
    return Runner(
        store=store,
        budget=None if limit is None else Budget.of_run(store.storage, run_id or f"process {uuid.uuid4()}", limit),
        notify=notify,
        catalog_url=settings.catalog_url,
        image_digest=settings.image_digest,
        device=settings.device,
        cost_per_hour_usd=settings.cost_per_hour_usd,
    )


def run_step(
    runner: Runner, plan: Plan, digest: str, step: str, on_failure: Callable[[StepResult], None] = lambda _result: None
) -> StepResult:
    """Run one step of a plan. Held and refused are results; any other error is raised, after `on_failure`.

    A reason names photos as their files are named. `on_failure` is called with how the step failed
    and what it has cost.
    """
    meter, metered = Meter.on(runner, step)
    try:
        result = _run_step(metered, plan, digest, step)
    except Exception as error:
        reason = str(error) if isinstance(error, CatalogError) else f"{type(error).__name__}: {error}"
        on_failure(StepResult(step=step, state="failed", reason=reason, **meter.read()))
        raise
    names = photo_names(runner.store.tree(plan.photos)) if result.reason else {}
    return result.model_copy(update={"reason": with_file_names(result.reason, names), **meter.read()})


def require_step(runner: Runner, plan: Plan, digest: str, step: str) -> None:
    """Run one step of a plan; that it is held is no error here. Raises BadInput that names the step and files."""
    try:
        runner.run_planned(plan, digest, step, stage_of(step))
    except Held:
        return
    except BadInput as error:
        names = photo_names(runner.store.tree(plan.photos))
        what, remedy = (with_file_names(text, names) for text in (error.what, error.remedy))
        raise type(error)(f"{step}: {what}", remedy=remedy) from None


def _run_step(runner: Runner, plan: Plan, digest: str, step: str) -> StepResult:
    try:
        finished = runner.run_planned(plan, digest, step, stage_of(step))
    except Held as held:
        return _held(step, held, manifest_of(runner, digest, step))
    except BadInput as error:
        return StepResult(step=step, state="refused", reason=str(error))
    return _result(step, finished)


def run_plan(
    runner: Runner, plan: Plan, digest: str, on_result: Callable[[StepResult], None] = lambda _result: None
) -> list[StepResult]:
    """Run every step of a plan in order. A step downstream of a failed one is `not run`."""
    results: dict[str, StepResult] = {}
    for step in plan.steps:
        broken = [
            upstream for upstream in UPSTREAM[step] if results[upstream].state in {"failed", "refused", "not run"}
        ]
        if broken:
            results[step] = StepResult(step=step, state="not run", reason=f"{broken[0]} did not finish")
        else:
            failures: list[StepResult] = []
            try:
                results[step] = run_step(runner, plan, digest, step, failures.append)
            except CatalogError:
                results[step] = failures[0]
            except Exception:  # a bug: still run the other steps and report them
                log.exception("%s failed", step)
                results[step] = failures[0]
        on_result(results[step])
    return list(results.values())


def forecast(runner: Runner, plan: Plan) -> list[StepForecast]:
    """Forecast every step; its key is unknown until the steps upstream, whose outputs are its inputs, have run."""
    known: dict[str, Manifest] = {}
    forecasts = []
    for name, step in plan.steps.items():
        stage = stage_of(name)
        missing = [upstream for upstream in UPSTREAM[name] if upstream not in known]
        if missing:
            forecasts.append(StepForecast(step=name, state=f"unknown until {missing[0]}"))
            continue
        params = stage.params.model_validate(step.params)
        try:
            request = stage.request(runner.resolve(step, known, stage), params)
        except HeldAbove as held:
            request = held_request(stage, step, held)
        manifest = runner.store.manifest(stage.name, request.key) if stage.cached else None
        if manifest is not None and not is_final(manifest):
            manifest = None
        if manifest is not None:
            known[name] = manifest
        state = "to run" if manifest is None else "held" if manifest.held else "cached"
        forecasts.append(StepForecast(step=name, key=request.key, state=state))
    return forecasts


def run_request(runner: Runner, stage: AnyStage, path: Path) -> StepResult:
    """Run a stage by itself on a request: a JSON file with `params` and `inputs`, or a whole manifest."""
    try:
        value = json.loads(path.read_bytes())
        value = value.get("request", value)
        inputs = stage.inputs.model_validate(value.get("inputs", {}))
        params = stage.params.model_validate(value.get("params", {}))
    except FileNotFoundError:
        raise BadInput(f"{path} does not exist", remedy="Copy the `request` of a manifest into a file") from None
    except (ValidationError, ValueError, AttributeError) as error:
        raise BadInput(f"{path} is not a request for {stage.name}: {error}", remedy="Correct it") from None
    meter, metered = Meter.on(runner, stage.name)
    try:
        result = _result(stage.name, metered.run(stage, inputs, params))
    except Held as held:
        manifest = runner.store.manifest(stage.name, stage.request(inputs, params).key)
        result = _held(stage.name, held, manifest)
    return result.model_copy(update=dict(meter.read()))


def _held(step: str, held: Held, manifest: Manifest | None) -> StepResult:
    """How a held step ended; `manifest` is None for a step that is not cached."""
    recorded = manifest.held if manifest else None
    return StepResult(
        step=step,
        state="held",
        reason=str(held),
        code=held.code,
        by=recorded.by if recorded else None,
        picture=recorded.picture.sha256 if recorded and recorded.picture else None,
        key=manifest.key if manifest else None,
    )


def _result(step: str, finished: FinishedStep[Any]) -> StepResult:
    state: StepState = "done" if finished.computed else "cached"
    return StepResult(step=step, state=state, key=finished.manifest.key)


def manifest_of(runner: Runner, digest: str, step: str) -> Manifest | None:
    """Return the manifest of a step of a plan, or None if it has not run."""
    pointer = runner.store.pointer(digest, step)
    return runner.store.manifest(*pointer) if pointer else None


def output_of(runner: Runner, digest: str, step: str, output: str) -> Artifact | None:
    """Return an output of a finished step, or None if the step has not run, was held, or has no such output."""
    manifest = manifest_of(runner, digest, step)
    value = (manifest.outputs or {}).get(output) if manifest else None
    return Artifact.model_validate(value) if value else None


def reports_of(runner: Runner, digest: str, plan: Plan) -> dict[str, dict[str, Any]]:
    """The reports of a plan's finished steps, as JSON, by step. They name photos as their files are named."""
    names = photo_names(runner.store.tree(plan.photos))
    manifests = {step: manifest_of(runner, digest, step) for step in plan.steps}
    made = {step: manifest.outputs["report"] for step, manifest in manifests.items() if manifest and manifest.outputs}
    return {step: _in_file_names(report, names) for step, report in made.items() if isinstance(report, dict)}


def _in_file_names(value: Any, names: Mapping[str, str]) -> Any:
    """A JSON value with the names of files in place of safe names in its texts."""
    if isinstance(value, dict):
        return {key: _in_file_names(part, names) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_in_file_names(part, names) for part in value]
    return with_file_names(value, names) if isinstance(value, str) else value


def left_out_of(runner: Runner, plan: Plan) -> list[LeftOut]:
    """The files of a plan's shoot that no step uses."""
    source = plan.steps["ingest"].inputs.get("left_out")
    return load_list(LeftOut, runner.store.read(source)) if isinstance(source, Artifact) else []


def exit_code(results: list[StepResult]) -> int:
    """Return the exit code of the worst state: 1 for a failure, 30 for a refused one, 20 for a held step, else 0."""
    states = {result.state for result in results}
    if "failed" in states:
        return CatalogError.exit_code
    if "refused" in states:
        return BadInput.exit_code
    return Held.exit_code if "held" in states else 0
