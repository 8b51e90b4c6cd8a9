"""`catalog doctor`: what is installed, which engines would be used, what is missing and how to get it."""

import os
from importlib.util import find_spec
from typing import Literal

from pipeline.catalog.database import Catalog
from pipeline.contract.runner import library_versions
from pipeline.contract.store import Store
from pipeline.core.domain import Frozen
from pipeline.core.errors import CatalogError
from pipeline.plan import STEPS, read_preset, stage_of
from pipeline.settings import Settings

FindingState = Literal["ok", "missing", "optional"]


class Finding(Frozen):
    """One thing that was looked at. `missing` breaks the chosen settings; `optional` only limits the choice."""

    what: str
    state: FindingState
    words: str


EXTRAS = {
    "airflow": ("airflow", "Airflow runs the nightly DAG", "pip install -e '.[airflow]'"),
    "psycopg": ("psycopg", "the catalog in PostgreSQL", "pip install -e '.[postgres]'"),
    "gsplat": ("gsplat", "splatting on CUDA", "pip install -e '.[gsplat]' on a machine with CUDA"),
    "mitsuba": ("mitsuba", "rendering the sample collection again", "pip install -e '.[samples]'"),
}


def examine(settings: Settings) -> list[Finding]:
    """Look at libraries, store, database, engines of the preset, keys and devices."""
    versions = ", ".join(f"{name} {version}" for name, version in library_versions().items())
    return [
        Finding(what="libraries", state="ok", words=versions),
        _store(settings),
        _database(settings),
        *_engines(settings),
        _backdrops(settings),
        *_extras(),
        _device(),
    ]


def _store(settings: Settings) -> Finding:
    try:
        store = Store(settings.store)
        store.is_whole(store.put(b"doctor", "text/plain"))
    except CatalogError as error:
        return Finding(what="store", state="missing", words=str(error))
    return Finding(what="store", state="ok", words=str(store.root))


def _database(settings: Settings) -> Finding:
    try:
        catalog = Catalog(settings.catalog_url)
    except CatalogError as error:
        return Finding(what="catalog database", state="missing", words=str(error))
    return Finding(what="catalog database", state="ok", words=catalog.url.render_as_string(hide_password=True))


def _engines(settings: Settings) -> list[Finding]:
    """The engine that each step would use under the preset, and whether its key is there."""
    found = []
    for step, values in ((step, read_preset(settings.preset).get(step, {})) for step in STEPS):
        field = stage_of(step).params.model_fields.get("engine")
        if field is None:
            continue
        engine = str(values.get("engine", field.default))
        if engine == "anthropic":
            found.append(_caption_service())
        elif step == "splat":
            found.append(_splats(engine))
        else:
            found.append(Finding(what=f"engine of {step}", state="ok", words=engine))
    return found


def _caption_service() -> Finding:
    from pipeline.language.anthropic_messages import require_key

    try:
        require_key()
    except CatalogError as error:
        return Finding(what="engine of caption", state="missing", words=str(error))
    return Finding(what="engine of caption", state="ok", words="anthropic")


def _splats(engine: str) -> Finding:
    """Whether this machine can fit with that engine."""
    from pipeline.splatting.engines.base import version_of

    try:
        words = version_of(engine)
    except CatalogError as error:
        return Finding(what="engine of splat", state="missing", words=f"{engine}: {error}")
    return Finding(what="engine of splat", state="ok", words=f"{engine} ({words})")


def _backdrops(settings: Settings) -> Finding:
    """The checkpoint that backdrops would be painted with."""
    from pipeline.diffusion.painting.checkpoints import EMBEDDED, checkpoint_digest

    what = "engine of background"
    chosen = str(read_preset(settings.preset).get("background", {}).get("diffusion", {}).get("checkpoint", EMBEDDED))
    try:
        digest = checkpoint_digest(chosen)
    except CatalogError as error:
        return Finding(what=what, state="missing", words=str(error))
    return Finding(what=what, state="ok", words=f"diffusers with the checkpoint {chosen} (sha256 {digest[:12]})")


def _extras() -> list[Finding]:
    found = []
    for module, gives, remedy in EXTRAS.values():
        there = find_spec(module) is not None
        words = gives if there else f"{gives}: not installed; {remedy}"
        state: FindingState = "ok" if there else "optional"
        if module == "gsplat" and there and (engine := _splats(module)).state != "ok":  # it needs a GPU besides
            state, words = "optional", engine.words
        found.append(Finding(what=module, state=state, words=words))
    return found


def _device() -> Finding:
    import torch

    if torch.cuda.is_available():
        return Finding(what="device", state="ok", words=f"cuda: {torch.cuda.get_device_name(0)}")
    return Finding(what="device", state="ok", words=f"cpu with {os.cpu_count()} cores; CUDA is not available here")
