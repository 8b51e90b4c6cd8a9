"""What changed between two versions of an asset: step by step, params, inputs, engine and libraries."""

from collections.abc import Mapping
from typing import Any, Literal

from pipeline.catalog.database import Catalog
from pipeline.catalog.lineage import Lineage, LineageStep, read_lineage
from pipeline.catalog.versions import Version, list_versions
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput


class Changed(Frozen):
    """One value that differs. None: it was not there. `name`: of a setting `light.softness`, of an input its name."""

    name: str
    old: Any
    new: Any


class StepDifference(Frozen):
    """One step of both versions that was computed anew, or that only one of them has.

    `settings`: of its params. `inputs`: sha256 of what it read, by input and file. `circumstances`: version of the
    stage, engine, device, and versions of libraries, which change nothing by themselves unless the stage's does.
    """

    title: str
    stage: str
    change: Literal["changed", "added", "removed"]
    old_key: str | None
    new_key: str | None
    settings: tuple[Changed, ...] = ()
    inputs: tuple[Changed, ...] = ()
    circumstances: tuple[Changed, ...] = ()


class Difference(Frozen):
    """Two versions of an asset and the steps in which they differ, from the asset upwards.

    `causes`: titles of the steps that differ although what they read from other steps is the same: there it began.
    """

    asset_id: str
    old: Version
    new: Version
    same_bytes: bool
    steps: tuple[StepDifference, ...]
    causes: tuple[str, ...]


def read_difference(catalog: Catalog, asset_id: str, old: int | None = None, new: int | None = None) -> Difference:
    """Compare two versions of an asset; by default the last two. Raises BadInput when there are not two."""
    versions = list_versions(catalog, asset_id)
    if new is None:
        new = versions[-1].number
    if old is None:
        earlier = [version.number for version in versions if version.number < new]
        if not earlier:
            raise BadInput(
                f"{asset_id} has only one version", remedy="Compare it when the shoot has made another one of it"
            )
        old = earlier[-1]
    before, after = (read_lineage(catalog, asset_id, number=number) for number in (old, new))
    steps = _steps(before, after)
    return Difference(
        asset_id=asset_id,
        old=before.version,
        new=after.version,
        same_bytes=before.version.sha256 == after.version.sha256,
        steps=steps,
        causes=tuple(step.title for step in steps if _is_cause(step, before, after)),
    )


def _steps(before: Lineage, after: Lineage) -> tuple[StepDifference, ...]:
    old, new = ({step.title: step for step in lineage.steps} for lineage in (before, after))
    found = []
    for title in dict.fromkeys([*new, *old]):
        was, now = old.get(title), new.get(title)
        if was is None or now is None or was.key != now.key:
            found.append(_step(was, now, before, after))
    return tuple(found)


def _step(was: LineageStep | None, now: LineageStep | None, before: Lineage, after: Lineage) -> StepDifference:
    either = now or was
    assert either is not None  # noqa: S101 - for the type checker: one of them has the title
    both = was is not None and now is not None
    return StepDifference(
        title=either.title,
        stage=either.stage,
        change="changed" if both else "added" if was is None else "removed",
        old_key=was.key if was else None,
        new_key=now.key if now else None,
        settings=changes(_flat(was.params if was else {}), _flat(now.params if now else {})),
        inputs=changes(_inputs(before, was), _inputs(after, now)),
        circumstances=changes(_circumstances(was), _circumstances(now)) if both else (),
    )


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Changed, ...]:
    """The entries that differ, by name."""
    return tuple(
        Changed(name=name, old=old.get(name), new=new.get(name))
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    )


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict) and value:
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _inputs(lineage: Lineage, step: LineageStep | None) -> dict[str, str]:
    """What a step read: sha256 by input, and by file for a folder; files of the shoot by their names."""
    if step is None:
        return {}
    return {
        f"{edge.name}/{edge.path}" if edge.path else edge.name: edge.sha256
        for edge in lineage.edges
        if edge.step_key == step.key
    }


def _circumstances(step: LineageStep | None) -> dict[str, Any]:
    if step is None:
        return {}
    own = {"stage version": step.version, "engine": step.engine, "device": step.device, "image": step.image_digest}
    return {**own, **step.versions}


def _is_cause(step: StepDifference, before: Lineage, after: Lineage) -> bool:
    """Whether the difference begins here: not all of it comes from what other steps made differently."""
    if step.change != "changed" or step.settings or any(c.name == "stage version" for c in step.circumstances):
        return True
    made = {edge.sha256 for lineage in (before, after) for edge in lineage.edges if edge.producer_key is not None}
    return any({change.old, change.new} - {None} - made for change in step.inputs)
