"""The only place the graph is written: from a shoot to the steps of its plan.

Importing this module loads no torch, diffusers, transformers or pycolmap, so that DAG files may.
"""

from collections.abc import Mapping
from importlib import import_module, resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from pipeline.contract.artifact import Artifact
from pipeline.contract.plan import Plan, PlannedStep, StepOutput
from pipeline.contract.stage import AnyStage
from pipeline.contract.store import Store
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput, readable
from pipeline.core.media import JSON, media_type_of
from pipeline.shoot import Shoot, list_mattes, list_photos, read_shoot

PHOTOS, MATTES = "photos as shot", "mattes made by hand"
Wiring = Mapping[str, StepOutput | str]


def _from(step: str, *outputs: str, optional: bool = False) -> dict[str, StepOutput | str]:
    return {output: StepOutput(step=step, output=output, optional=optional) for output in outputs}


GRAPH: Mapping[str, Wiring] = {
    "ingest": {"photos": PHOTOS},
    "cutout": {**_from("ingest", "photos"), "mattes": MATTES},
    "sfm": {**_from("ingest", "photos", "facts"), **_from("cutout", "cutouts")},
    "coverage": {**_from("ingest", "facts"), **_from("sfm", "views", optional=True)},
    "splat": {**_from("sfm", "model"), **_from("cutout", "cutouts"), **_from("coverage", "decisions")},
    "render": {
        **_from("ingest", "photos"),
        **_from("cutout", "cutouts"),
        "mattes": MATTES,
        **_from("coverage", "decisions"),
        **_from("sfm", "views", optional=True),
        **_from("splat", "splat", "validation", optional=True),
    },
    "caption": _from("render", "angles", "pictures"),
    "background": {**_from("render", "angles", "pictures"), **_from("caption", "caption", optional=True)},
    "composite": {
        **_from("ingest", "photos"),
        **_from("cutout", "cutouts"),
        **_from("render", "angles", "pictures", "unedited"),
        **_from("background", "backdrops", "backdrop_pictures"),
        **_from("splat", "splat", optional=True),
    },
    "publish": {
        **_from("coverage", "decisions"),
        **_from("render", "pictures"),
        **_from("caption", "caption", optional=True),
        **_from("background", "backdrop_pictures"),
        **_from("composite", "assets", "checks", "sheet"),
    },
}
STEPS: tuple[str, ...] = tuple(GRAPH)
UPSTREAM: dict[str, tuple[str, ...]] = {
    step: tuple(dict.fromkeys(source.step for source in wiring.values() if isinstance(source, StepOutput)))
    for step, wiring in GRAPH.items()
}


def stage_of(step: str) -> AnyStage:
    """The stage of a step. Raises BadInput for an unknown name."""
    if step not in GRAPH:
        raise BadInput(f"there is no stage {step!r}", remedy=f"use one of {', '.join(STEPS)}")
    stage: AnyStage = import_module(f"pipeline.stages.{step}").STAGE
    return stage


def write_plan(folder: Path, store: Store, preset: str, *, runs_here: bool = True) -> tuple[Plan, str]:
    """Read the shoot in `folder`, store its photos, and store its plan. Returns the plan and its digest.

    `runs_here`: its steps will run on this machine, not in pods, which have GPUs of their own. Raises BadInput when
    shoot.yaml, the photos or the preset cannot be used, MissingEngine as `require_here`.
    """
    shoot = read_shoot(folder)
    params = params_of(shoot, read_preset(preset))
    if runs_here:
        require_here(params)
    photos, mattes = _stored(store, list_photos(folder)), _stored(store, list_mattes(folder))
    given = {PHOTOS: store.put_tree(photos), MATTES: store.put_tree(mattes) if mattes else None}
    plan = Plan(
        sku=shoot.sku,
        collection=shoot.collection,
        source=str(folder.resolve()),
        shoot=store.put(_read(folder / "shoot.yaml"), "application/yaml"),
        photos=store.put_tree(photos),
        steps={
            step: PlannedStep(
                stage=step,
                params=params[step],
                inputs={name: given[value] if isinstance(value, str) else value for name, value in wiring.items()},
            )
            for step, wiring in GRAPH.items()
        },
    )
    digest = store.put(plan.model_dump_json().encode(), JSON).sha256
    return plan, digest


def read_plan(store: Store, digest: str) -> Plan:
    """A plan from the store. Raises BadInput when there is none under this digest."""
    remedy = "use a digest that `catalog plan` printed"
    try:
        artifact = Artifact(sha256=digest, media_type=JSON, size=0)
        if not store.is_whole(artifact):
            raise BadInput(f"there is no plan {digest} in the store", remedy=remedy)
        return Plan.model_validate_json(store.read(artifact))
    except ValidationError as error:
        raise BadInput(f"{digest!r} is no plan: {error.errors()[0]['msg']}", remedy=remedy) from None


def read_preset(name: str) -> dict[str, dict[str, Any]]:
    """Params by step from pipeline/presets/<name>.yaml, or from a YAML file when `name` ends in .yaml. BadInput."""
    shipped = resources.files("pipeline") / "presets"
    try:
        with readable():
            text = Path(name).read_text() if name.endswith(".yaml") else (shipped / f"{name}.yaml").read_text()
        value = yaml.safe_load(text) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"preset {name} is not YAML: {error}", remedy="mend the line it names") from None
    except BadInput as error:
        known = sorted(entry.name.removesuffix(".yaml") for entry in shipped.iterdir() if entry.is_file())
        raise BadInput(
            f"CATALOG_PRESET: there is no preset {name!r}: {error.what}", remedy=f"use one of {known} or a YAML file"
        ) from None
    if not isinstance(value, dict):
        raise BadInput(f"preset {name} holds {type(value).__name__}, not steps", remedy=f"use {', '.join(STEPS)}")
    for step, params in value.items():
        if step not in STEPS:
            raise BadInput(f"preset {name}: {step!r} is no step", remedy=f"use {', '.join(STEPS)}")
        if not isinstance(params, dict):
            raise BadInput(
                f"preset {name}: {step}: {params!r} is no set of params", remedy="write `name: value` below it"
            )
    return value


def params_of(shoot: Shoot, preset: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Every step's full Params: the stage's defaults, over them the preset, over them what shoot.yaml says."""
    from_shoot = shoot_params(shoot)
    return {
        step: step_params(step, {**preset.get(step, {}), **from_shoot.get(step, {})}).model_dump(mode="json")
        for step in STEPS
    }


def step_params(step: str, values: Mapping[str, Any]) -> Frozen:
    """A step's Params from raw values. Raises BadInput that names the step, the setting and its value."""
    stage = stage_of(step)
    try:
        params: Frozen = stage.params.model_validate(values)
    except BadInput as error:  # of a channel or a checkpoint that the params name
        raise type(error)(f"step {step}: {error.what}", remedy=error.remedy) from None
    except ValidationError as error:
        first = error.errors()[0]
        where, what = ".".join(map(str, first["loc"])), str(first["msg"]).removeprefix("Value error, ")
        if where and where == stage.engine_field:  # `what` names the engine's setting and its value
            words = f"{where}: {what}" if where in values else what
        else:
            words = f"{where}: {what} (got {first['input']!r})" if where else what
        raise BadInput(f"step {step}: {words}", remedy="Correct the preset") from None
    return params


def require_here(params: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise MissingEngine, naming the step, when this machine lacks an engine, a key or a device that `params` ask for.

    The steps would report it themselves, but the splat only after minutes. The splat counts even where no angle turns
    out to need it: that is known only after the poses.
    """
    for step, values in params.items():
        stage = stage_of(step)
        stage.require_here(stage.params.model_validate(values))


def shoot_params(shoot: Shoot) -> dict[str, dict[str, Any]]:
    """What each step needs to know of shoot.yaml, and no more: another title must not refit a splat."""
    named = {angle: Path(photo).stem for angle, photo in shoot.capture.named.items()}
    front = Path(shoot.capture.front).stem
    words = {"title": shoot.title, "brand": shoot.brand, "category": shoot.category, "attributes": shoot.attributes}
    return {
        "sfm": {"rig": shoot.capture.rig, "front": front},
        "coverage": {"angles": [angle.model_dump() for angle in shoot.angles], "named": named},
        "splat": {"front": front},
        "render": {"edits": {angle: edits.model_dump() for angle, edits in shoot.edits.items()}},
        "caption": {**words, "brief": shoot.brief},
        "background": {"backdrops": [backdrop.model_dump() for backdrop in shoot.backdrops]},
        "composite": {
            "sku": shoot.sku,
            "title": shoot.title,
            "channels": list(shoot.channels),
            **({"light": shoot.capture.light.model_dump()} if shoot.capture.light else {}),
            "hangs": shoot.capture.hangs,
        },
        "publish": {"sku": shoot.sku, "collection": shoot.collection, **words},
    }


def _stored(store: Store, files: list[Path]) -> dict[str, Artifact]:
    return {file.name: store.put(_read(file), media_type_of(file.name)) for file in files}


def _read(file: Path) -> bytes:
    with readable():
        return file.read_bytes()
