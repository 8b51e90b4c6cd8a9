"""Examines this machine for `catalog doctor`: what is installed, which engines would run, what is missing."""

import os
import uuid
from collections.abc import Mapping
from difflib import get_close_matches
from importlib.util import find_spec
from typing import Any, Literal

from pipeline.catalog.database import Catalog
from pipeline.contract.runner import library_versions
from pipeline.contract.store import Store
from pipeline.core.domain import Frozen
from pipeline.core.engines import Engine, name_of, purpose_of, settings_required_by
from pipeline.core.errors import CatalogError
from pipeline.core.licences.gate import RefusedLicence, require_licences
from pipeline.plan import STEPS, read_preset, stage_of, step_params
from pipeline.pods import PodOptions, pod_request, read_pods
from pipeline.run import store_from
from pipeline.settings import Settings

FindingState = Literal["ok", "missing", "optional"]


class Finding(Frozen):
    """One examined item. The chosen settings fail if it is `missing`; `optional` only limits the choice."""

    what: str
    state: FindingState
    words: str


EXTRAS = {
    "airflow": ("runs the nightly DAG", "pip install -e '.[airflow]'"),
    "psycopg": ("keeps the catalog in PostgreSQL", "pip install -e '.[postgres]'"),
    "rawpy": ("develops camera raw photos", "pip install -e '.[raw]'"),
    "mitsuba": ("renders the sample collection again", "pip install -e '.[samples]'"),
}


def examine(settings: Settings) -> list[Finding]:
    """Examine libraries, store, database, engines, keys and devices."""
    versions = ", ".join(f"{name} {version}" for name, version in library_versions().items())
    return [
        Finding(what="libraries", state="ok", words=versions),
        _store(settings),
        _database(settings),
        *_engines(settings),
        *_licences(settings),
        *_extras(),
        *_pods(settings),
        *_notices(settings),
        *_unread(os.environ),
        _device(),
    ]


def _store(settings: Settings) -> Finding:
    try:
        store = store_from(settings)
        store.is_whole(store.put(b"doctor", "text/plain"))
        _require_conditions(store)
    except CatalogError as error:
        return Finding(what="store", state="missing", words=str(error))
    return Finding(what="store", state="ok", words=str(settings.store_location))


def _require_conditions(store: Store) -> None:
    """Raise CatalogError when the store lets two writers write the same manifest."""
    name = f"scratch/doctor-{uuid.uuid4().hex}"
    first, second = (store.storage.swap(name, writer, None) for writer in (b"first", b"second"))
    store.storage.delete(name)
    if not first or second:
        raise CatalogError(
            f"{store.storage.where('')} ignores conditions of writes (If-None-Match), so two steps may both win",
            remedy="Use a service, or a newer version of it, that honours them",
        )


def _pods(settings: Settings) -> list[Finding]:
    """What pods.yaml changes, where steps run in pods or the file is named."""
    if settings.execution == "local" and settings.pods is None:
        return []
    try:
        file = read_pods(settings.pods)
        for step in STEPS:
            pod_request(step, "catalog_nightly", file)
    except CatalogError as error:
        return [Finding(what="pods", state="missing", words=str(error))]
    changed = ", ".join(["every pod"] * (file.every != PodOptions()) + [*file.steps, *file.dags]) or "nothing"
    words = f"{settings.pods} changes {changed}" if settings.pods else "as the stages declare"
    return [Finding(what="pods", state="ok", words=words)]


def _notices(settings: Settings) -> list[Finding]:
    """Who is told about nights. Whether a connection can be used, only Airflow knows: the task `notify` says it."""
    names = ", ".join(settings.notify_connections)
    if settings.deadline and not names:
        words = f"CATALOG_DEADLINE={settings.deadline} tells nobody: name Airflow connections in CATALOG_NOTIFY"
        return [Finding(what="notices", state="missing", words=words)]
    late = f", also after {settings.deadline} without an end" if settings.deadline else ""
    return [Finding(what="notices", state="ok", words=f"go to {names}{late}")] if names else []


def _unread(environment: Mapping[str, str]) -> list[Finding]:
    """Variables that look like settings and that nothing here reads: misspelt, or of an earlier version."""
    names = sorted(name for name in environment if name.startswith("CATALOG_") and not name.startswith("CATALOG_TEST_"))
    read = {f"CATALOG_{field.upper()}" for field in Settings.model_fields}
    near = {name: get_close_matches(name, read, 1) for name in names if name.upper() not in read}
    return [
        Finding(what=name, state="optional", words=f"is not a setting{f'; did you mean {match[0]}?' if match else ''}")
        for name, match in near.items()
    ]


def _database(settings: Settings) -> Finding:
    try:
        catalog = Catalog(settings.catalog_url)
    except CatalogError as error:
        return Finding(what="catalog database", state="missing", words=str(error))
    return Finding(what="catalog database", state="ok", words=catalog.url.render_as_string(hide_password=True))


def _engines(settings: Settings) -> list[Finding]:
    """The engine that each step would use under the preset, and its other engines."""
    preset = read_preset(settings.preset)
    return [finding for step in STEPS for finding in _engines_of(step, preset.get(step, {}))]


def _engines_of(step: str, values: Mapping[str, Any]) -> list[Finding]:
    stage, what = stage_of(step), f"engine of {step}"
    if stage.engines is None and stage.requires is None:
        return []
    try:
        params = step_params(step, values)
        if stage.engines is None:
            words = stage.require_here(params)
            return [Finding(what=what, state="ok", words=words)] if words else []
        chosen = getattr(params, stage.engine_field)
        words = stage.engines.require_here(chosen)
    except CatalogError as error:
        return [Finding(what=what, state="missing", words=str(error))]
    others = (engine for engine in stage.engines.engines.values() if engine is not stage.engines.of(chosen))
    return [Finding(what=what, state="ok", words=words), *(_other(step, engine) for engine in others)]


def _licences(settings: Settings) -> list[Finding]:
    """The licences that a plan would refuse, of the checkpoints that the preset names.

    A step whose settings cannot be used is `_engines`' finding. Without CATALOG_LICENCES, it depends on the channels.
    """
    preset, findings = read_preset(settings.preset), list[Finding]()
    for step in STEPS:
        try:
            params = step_params(step, preset.get(step, {})).model_dump(mode="json")
            require_licences({step: params}, settings.licences or "commercial")
        except RefusedLicence as error:
            state: FindingState = "missing" if settings.licences else "optional"
            findings.append(Finding(what=f"licence in {step}", state=state, words=str(error)))
        except CatalogError:
            continue
    return findings


def _other(step: str, engine: Engine) -> Finding:
    """Whether this machine could run an engine that the preset does not choose."""
    what = f"{step}: {name_of(engine)}"
    if required := settings_required_by(engine):
        words = f"{purpose_of(engine)} Requires {', '.join(required)}"
        return Finding(what=what, state="optional", words=words)
    try:
        return Finding(what=what, state="ok", words=engine.require_here(engine.Params()))
    except CatalogError as error:
        return Finding(what=what, state="optional", words=str(error))


def _extras() -> list[Finding]:
    findings = []
    for module, (purpose, remedy) in EXTRAS.items():
        installed = find_spec(module) is not None
        words = purpose if installed else f"{purpose}; not installed: {remedy}"
        findings.append(Finding(what=module, state="ok" if installed else "optional", words=words))
    return findings


def _device() -> Finding:
    import torch

    if torch.cuda.is_available():
        return Finding(what="device", state="ok", words=f"cuda: {torch.cuda.get_device_name(0)}")
    return Finding(what="device", state="ok", words=f"cpu with {os.cpu_count()} cores; CUDA is not available")
