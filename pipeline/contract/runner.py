"""Runs a step: returns what its manifest records, or computes, stores and commits it. Knows no stage by name."""

import platform
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from pipeline.contract.artifact import Artifact
from pipeline.contract.budget import Budget
from pipeline.contract.manifest import HeldAbove, HeldReason, Manifest, Provenance, Request, artifacts_in
from pipeline.contract.plan import Plan, PlannedStep, StepOutput
from pipeline.contract.stage import AnyStage, Stage
from pipeline.contract.storage.disk import FULL, store_full
from pipeline.contract.store import Store
from pipeline.contract.work import Event, FinishedStep, Work
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput, CatalogError, Held
from pipeline.core.process import peak_memory_mb, peak_memory_of_children_mb

I = TypeVar("I", bound=Frozen)  # noqa: E741 - as in stage.py
P = TypeVar("P", bound=Frozen)
O = TypeVar("O", bound=Frozen)  # noqa: E741

LIBRARIES = (
    "catalog-pipeline",
    "numpy",
    "pillow",
    "pillow-heif",
    "simplejpeg",
    "imagecodecs",
    "tifffile",
    "rawpy",
    "opencv-python-headless",
    "pycolmap",
    "torch",
    "diffusers",
    "transformers",
)
_OUTPUT = TypeAdapter(Artifact)


def ignore(_event: Event) -> None:
    """Ignore the event."""


@dataclass(frozen=True)
class Runner:
    """Runs steps against one store. Its fields may change without changing a result."""

    store: Store
    notify: Callable[[Event], None] = ignore
    catalog_url: str | None = None
    image_digest: str | None = None
    device: str = "cpu"
    cost_per_hour_usd: float = 0.0
    upstream: Mapping[str, Manifest] = field(default_factory=dict)
    budget: Budget | None = None

    def run(self, stage: Stage[I, P, O], inputs: I, params: P, name: str | None = None) -> FinishedStep[O]:
        """Run one step, or return the results that its manifest records.

        Raises Held when the step is held (also when its manifest says so), BadInput, StoreFull, or whatever else the
        stage raises.
        """
        name = name or stage.name
        request = stage.request(inputs, params)
        standing = self.store.manifest(stage.name, request.key) if stage.cached else None
        if standing is not None and is_final(standing) and self._is_whole(standing):
            self.notify(Event(kind="cached", step=name))
            return self._finished(stage, standing, computed=False)
        self._require_whole(name, request)
        manifest = self._compute(stage, inputs, params, request, name)
        if not stage.cached:
            return self._finished(stage, manifest, computed=True)
        self.notify(Event(kind="committing", step=name))
        standing = self.store.commit(manifest, standing)
        if is_final(standing):  # otherwise the next run goes on from there
            self.store.drop_snapshot(request.key)
        kind = "adopted" if standing != manifest else "held" if standing.held else "committed"
        self.notify(Event(kind=kind, step=name))
        return self._finished(stage, standing, computed=True)

    def run_planned(self, plan: Plan, plan_digest: str, name: str, stage: AnyStage) -> FinishedStep[Any]:
        """Run one step of a plan, on the outputs that the pointers of the steps above it lead to."""
        step = plan.steps[name]
        upstream = self.upstream_of(plan, plan_digest, name)
        try:
            inputs = self.resolve(step, upstream, stage)
            params = stage.params.model_validate(step.params)
        except ValidationError as error:
            raise BadInput(
                f"step {name} of plan {plan_digest[:12]} does not fit its stage: {error}", remedy="Plan the shoot again"
            ) from error
        except HeldAbove as held:
            manifest = self._remember_held(stage, step, held, name)
            self.store.point(plan_digest, name, stage.name, manifest.key)
            raise
        runner = Runner(**{**self.__dict__, "upstream": upstream})
        request = stage.request(inputs, params)
        try:
            finished = runner.run(stage, inputs, params, name)
        except Held:
            if stage.cached:
                self.store.point(plan_digest, name, stage.name, request.key)
            raise
        if stage.cached:
            self.store.point(plan_digest, name, stage.name, request.key)
        return finished

    def upstream_of(self, plan: Plan, plan_digest: str, name: str) -> dict[str, Manifest]:
        """Manifests of the steps that the plan lists before `name` and that have run."""
        upstream = {}
        for step in plan.steps:
            if step == name:
                break
            pointer = self.store.pointer(plan_digest, step)
            manifest = self.store.manifest(*pointer) if pointer else None
            if manifest is not None:
                upstream[step] = manifest
        return upstream

    def resolve(self, step: PlannedStep, upstream: Mapping[str, Manifest], stage: AnyStage) -> Any:
        """The step's Inputs.

        Raises HeldAbove if a required input was held, CatalogError if a step above has not run.
        """
        values: dict[str, Artifact | None] = {}
        for name, value in step.inputs.items():
            if not isinstance(value, StepOutput):
                values[name] = value
                continue
            manifest = upstream.get(value.step)
            if manifest is None:
                raise CatalogError(
                    f"step {step.stage} needs step {value.step}, which has not run", remedy=f"Run {value.step} first"
                )
            if manifest.held is not None:
                if not value.optional:
                    raise HeldAbove(value.step, manifest)
                values[name] = None
                continue
            output = (manifest.outputs or {})[value.output]
            values[name] = _OUTPUT.validate_python(output) if output is not None else None
        return stage.inputs.model_validate(values)

    def _compute(self, stage: AnyStage, inputs: Frozen, params: Frozen, request: Request, name: str) -> Manifest:
        self.notify(Event(kind="started", step=name))
        began, started_at = time.perf_counter(), datetime.now(UTC).isoformat(timespec="seconds")
        outputs: dict[str, Any] | None = None
        held: HeldReason | None = None
        work = self._work(request.key, name)
        try:
            outputs = stage.run(inputs, params, work).model_dump(mode="json")
        except Held as reason:
            picture = None if reason.picture is None else self.store.put(reason.picture, "image/png")
            held = HeldReason.of(reason, picture)
        except OSError as error:
            if error.errno in FULL:
                raise store_full(error) from error
            raise
        except (MemoryError, RuntimeError) as error:  # torch raises RuntimeError when memory runs out
            message = str(error).strip().partition("\n")[0]
            if isinstance(error, MemoryError) or "allocate memory" in message or "out of memory" in message:
                raise CatalogError(
                    f"step {name} ran out of memory{': ' + message if message else ''}",
                    remedy="Give it more memory or ask its preset for less, then run again: finished work is kept",
                ) from error
            raise
        finally:
            shutil.rmtree(work.scratch, ignore_errors=True)
        seconds = time.perf_counter() - began
        provenance = self._provenance(started_at, seconds, work.cost_usd)
        return Manifest(
            key=request.key, request=request, outputs=outputs, held=held, items=work.items, provenance=provenance
        )

    def _work(self, key: str, name: str) -> Work:
        return Work(
            name,
            key,
            self.store,
            self.store.scratch(key),
            self.notify,
            self.run,
            self.catalog_url,
            self.upstream,
            budget=self.budget,
        )

    def _provenance(self, started_at: str, seconds: float, cost_usd: float) -> Provenance:
        return Provenance(
            started_at=started_at,
            seconds=round(seconds, 3),
            peak_memory_mb=round(max(peak_memory_mb(), peak_memory_of_children_mb()), 1),
            device=self.device,
            host=platform.node(),
            versions=dict(library_versions()),
            image_digest=self.image_digest,
            cost_usd=round(cost_usd + seconds / 3600 * self.cost_per_hour_usd, 6),
        )

    def _remember_held(self, stage: AnyStage, step: PlannedStep, held: HeldAbove, name: str) -> Manifest:
        """Commit a step that an upstream step holds under a key of its own, so that the steps below find the reason."""
        self.notify(Event(kind="held", step=name, text=str(held)))
        request = held_request(stage, step, held)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return self.store.commit(
            Manifest(key=request.key, request=request, held=held.reason, provenance=self._provenance(now, 0.0, 0.0)),
            None,
        )

    def _is_whole(self, manifest: Manifest) -> bool:
        return all(self.store.is_whole(artifact) for artifact in artifacts_in(manifest.made).values())

    def _require_whole(self, name: str, request: Request) -> None:
        """Check the inputs against their digests: stages read files by path, and damage must not reach a picture."""
        for field_name, artifact in artifacts_in(request.inputs).items():
            if path := self.store.damaged(artifact):
                raise CatalogError(
                    f"step {name}: its input {field_name} is damaged: {path} is missing or does not match its digest",
                    remedy="Run the shoot again: the step that made it is redone",
                )

    def _finished(self, stage: Stage[I, P, O], manifest: Manifest, *, computed: bool) -> FinishedStep[O]:
        if manifest.held is not None:
            raise manifest.held.error()
        return FinishedStep(stage.outputs.model_validate(manifest.outputs), manifest, computed)


def is_final(manifest: Manifest) -> bool:
    """False only if the step was held because it ran out of time, so that running it again may succeed."""
    return manifest.held is None or not manifest.held.passing


def held_request(stage: AnyStage, step: PlannedStep, held: HeldAbove) -> Request:
    """The request of a step held by an upstream step: it has the key of that step in place of inputs."""
    return Request(stage=stage.name, version=stage.version, params=step.params, inputs={"held_by": held.key})


@cache
def library_versions() -> Mapping[str, str]:
    """Versions of the installed libraries that touch pixels."""
    versions = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return MappingProxyType(versions)
