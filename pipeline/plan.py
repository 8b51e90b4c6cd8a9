"""Makes a shoot's plan: defines the graph of the steps, their params and their inputs.

Importing this module does not load torch, diffusers, transformers or pycolmap, so that DAG files may import it.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module, resources
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from pipeline.contract.artifact import Artifact
from pipeline.contract.plan import Plan, PlannedStep, StepOutput
from pipeline.contract.stage import AnyStage
from pipeline.contract.store import Store
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput, readable
from pipeline.core.licences.gate import require_licences
from pipeline.core.media import JSON, media_type_of
from pipeline.core.photo_names import composed, photo_names
from pipeline.core.records import dump_json
from pipeline.core.shoot_files import ShootFiles
from pipeline.core.yaml_file.nodes import compose, value_of
from pipeline.language.briefs.plan import EditPlan
from pipeline.mirror import source_of
from pipeline.overlay import with_request
from pipeline.settings import read_settings
from pipeline.shoot import Shoot, named_files, open_shoot
from pipeline.shoot_params import NO_NAMES, shoot_params

PHOTOS, MATTES, LEFT_OUT = "photos as shot", "mattes made by hand", "files left out"  # from the shoot, not from a step
MASKS, PEOPLE = "masks of retouches", "photos of people"
REQUEST = "what a brief asks for"  # None in a plan of the whole shoot
Wiring = Mapping[str, StepOutput | str]
StoredFiles = Mapping[str, Artifact | None]  # files of a shoot in the store, by what the graph calls them


def _from(step: str, *outputs: str, optional: bool = False) -> dict[str, StepOutput | str]:
    return {output: StepOutput(step=step, output=output, optional=optional) for output in outputs}


GRAPH: Mapping[str, Wiring] = {
    "ingest": {"photos": PHOTOS, "left_out": LEFT_OUT},
    "cutout": {**_from("ingest", "photos", "facts"), "mattes": MATTES},
    "sfm": {**_from("ingest", "photos", "facts"), **_from("cutout", "cutouts", "table")},
    "coverage": {
        **_from("ingest", "facts"),
        **_from("cutout", "cutouts", optional=True),
        **_from("sfm", "views", "up", optional=True),
    },
    "evidence": {**_from("cutout", "cutouts"), **_from("coverage", "decisions")},
    "splat": {**_from("sfm", "model"), **_from("cutout", "cutouts"), **_from("coverage", "to_render")},
    "render": {
        **_from("ingest", "photos"),
        **_from("cutout", "cutouts"),
        "mattes": MATTES,
        "masks": MASKS,
        **_from("coverage", "decisions"),
        **_from("sfm", "views", optional=True),
        **_from("splat", "splat", "validation", optional=True),
    },
    "caption": {**_from("render", "angles", "pictures"), **_from("evidence", "evidence")},
    "background": {
        **_from("render", "angles", "pictures"),
        **_from("caption", "caption", optional=True),
        "people": PEOPLE,
    },
    "composite": {
        **_from("ingest", "photos", "facts"),
        "left_out": LEFT_OUT,
        **_from("cutout", "cutouts"),
        **_from("render", "angles", "pictures", "unedited", "unaltered"),
        **_from("background", "backdrops", "backdrop_pictures"),
        **_from("splat", "splat", optional=True),
        **_from("sfm", "views", optional=True),
        **_from("evidence", "lines", optional=True),
    },
    "embed": {
        **_from("cutout", "cutouts"),
        **_from("render", "angles"),
        **_from("composite", "assets", "checks"),
    },
    "publish": {
        **_from("coverage", "decisions"),
        **_from("render", "pictures"),
        **_from("evidence", "evidence", optional=True),
        **_from("caption", "caption", "claims", optional=True),
        **_from("background", "backdrop_pictures"),
        **_from("composite", "assets", "checks", "sheet"),
        "request": REQUEST,
        **_from("embed", "vectors", "vector_index"),
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
        raise BadInput(f"there is no stage {step!r}", remedy=f"Use one of {', '.join(STEPS)}")
    stage: AnyStage = import_module(f"pipeline.stages.{step}").STAGE
    return stage


def write_plan(
    folder: Path, store: Store, preset: str, *, runs_here: bool = True, request: EditPlan | None = None,
    stored: StoredFiles | None = None,
) -> tuple[Plan, str]:  # fmt: skip
    """Read the shoot in `folder`, store its photos, and store its plan. Returns the plan and its digest.

    `runs_here`: the steps will run on this machine, not in pods, which have their own GPUs. `request`: make what a
    brief asks for instead of everything in shoot.yaml. `stored`: the files of this shoot by `files_of`, which are not
    read again. Raises BadInput when shoot.yaml, the photos or the preset cannot be used or a checkpoint's licence does
    not allow its channels, and MissingEngine as `require_here`.
    """
    shoot, files = open_shoot(folder)
    shoot, only = (shoot, ()) if request is None else with_request(shoot, request.shoot)
    _require_channels(shoot, folder)
    names = photo_names(composed(photo.name) for photo in files.photos)
    params = params_of(shoot, read_preset(preset), names, only)
    if runs_here:
        require_here(params)
    _require_licences(params, shoot)
    asked = store.put(dump_json(request), JSON) if request is not None else None
    sources = {**(stored or _as_stored(store, folder, shoot, files, names)), REQUEST: asked}
    plan = Plan(
        sku=shoot.sku,
        collection=shoot.collection,
        source=source_of(folder, read_settings().cache),
        shoot=_stored(store, folder / "shoot.yaml"),
        photos=cast("Artifact", sources[PHOTOS]),  # a shoot without photos cannot be opened
        steps=_steps(params, sources),
    )
    return plan, store.put(plan.model_dump_json().encode(), JSON).sha256


def _as_stored(store: Store, folder: Path, shoot: Shoot, files: ShootFiles, names: Mapping[str, str]) -> StoredFiles:
    """Store the files of a shoot; returns them by what the graph calls them."""
    photos = {composed(photo.name): _stored(store, photo) for photo in files.photos}
    mattes = {f"{names[composed(photo)]}.png": _stored(store, matte) for photo, matte in files.mattes.items()}
    return {
        PHOTOS: store.put_tree(photos),
        MATTES: store.put_tree(mattes) if mattes else None,
        MASKS: _named(store, folder, shoot, "masks/"),
        PEOPLE: _named(store, folder, shoot, "people/"),
        LEFT_OUT: store.put(dump_json(files.left_out), JSON) if files.left_out else None,
    }


def files_of(plan: Plan) -> StoredFiles | None:
    """The files of a plan's shoot; None if the plan is of a version with other steps or inputs."""
    found: dict[str, Artifact | None] = {}
    for step, wiring in GRAPH.items():
        inputs = plan.steps[step].inputs if step in plan.steps else {}
        for name in (name for name, value in wiring.items() if isinstance(value, str)):
            value = inputs.get(name)
            if name not in inputs or isinstance(value, StepOutput):
                return None
            found[str(wiring[name])] = value
    return found


def _steps(params: Mapping[str, dict[str, Any]], sources: Mapping[str, Artifact | None]) -> dict[str, PlannedStep]:
    """Every step of the graph, with the shoot's own files in place of their names."""
    return {
        step: PlannedStep(
            stage=step,
            params=params[step],
            inputs={name: sources[value] if isinstance(value, str) else value for name, value in wiring.items()},
        )
        for step, wiring in GRAPH.items()
    }


def _require_channels(shoot: Shoot, folder: Path) -> None:
    """Raise BadInput when shoot.yaml names a channel that there is not."""
    from pipeline.imaging.channels.channel import channel_names

    known = channel_names()
    for name in shoot.channels:
        if name not in known:
            what = f"{folder / 'shoot.yaml'}: channels: no channel is named {name!r}"
            raise BadInput(what, remedy=f"Use {', '.join(known)}")


def _require_licences(params: Mapping[str, dict[str, Any]], shoot: Shoot) -> None:
    """Raise BadInput for a checkpoint whose licence CATALOG_LICENCES, or a channel that sells, does not allow."""
    from pipeline.imaging.channels.channel import load_channel

    selling = [name for name in shoot.channels if load_channel(name).sells]
    allowed = read_settings().licences
    if allowed is not None:
        require_licences(params, allowed)
    elif selling:
        require_licences(params, "commercial", selling)


def read_plan(store: Store, digest: str) -> Plan:
    """Read a plan from the store. Raises BadInput when there is none under this digest."""
    remedy = "Use a digest that `catalog plan` printed"
    try:
        artifact = Artifact(sha256=digest, media_type=JSON, size=0)
        if not store.is_whole(artifact):
            raise BadInput(f"there is no plan {digest} in the store", remedy=remedy)
        return Plan.model_validate_json(store.read(artifact))
    except ValidationError as error:
        raise BadInput(f"{digest!r} is not a plan: {error.errors()[0]['msg']}", remedy=remedy) from None


def read_preset(name: str) -> dict[str, dict[str, Any]]:
    """Read params by step from pipeline/presets/<name>.yaml, or from a YAML file if `name` ends in .yaml.

    Raises BadInput when there is no such preset, or it is not a mapping of steps to params.
    """
    shipped = resources.files("pipeline") / "presets"
    try:
        with readable():
            data = Path(name).read_bytes() if name.endswith(".yaml") else (shipped / f"{name}.yaml").read_bytes()
    except BadInput as error:
        presets = sorted(entry.name.removesuffix(".yaml") for entry in shipped.iterdir() if entry.is_file())
        raise BadInput(
            f"CATALOG_PRESET: there is no preset {name!r}: {error.what}",
            remedy=f"Use {', '.join(presets)} or a YAML file",
        ) from None
    value = value_of(compose(data, Path(name)))
    value = {} if value is None else value
    if not isinstance(value, dict):
        kind = "list" if isinstance(value, tuple) else "value"
        raise BadInput(f"preset {name} is a {kind}, not a mapping of steps", remedy=f"Use {', '.join(STEPS)}")
    for step, params in value.items():
        if step not in STEPS:
            raise BadInput(f"preset {name}: {step!r} is not a step", remedy=f"Use {', '.join(STEPS)}")
        if not isinstance(params, dict):
            raise BadInput(
                f"preset {name}: {step}: {params!r} is not a mapping of params", remedy="Write `name: value` below it"
            )
    return value


def params_of(
    shoot: Shoot, preset: Mapping[str, Mapping[str, Any]], names: Mapping[str, str] = NO_NAMES, only: Sequence[str] = ()
) -> dict[str, dict[str, Any]]:
    """Every step's full params: the stage's defaults, overridden by the preset, overridden by shoot.yaml.

    `names`, `only`: as for `shoot_params`.
    """
    from_shoot = shoot_params(shoot, names, only)
    return {
        step: step_params(step, {**preset.get(step, {}), **from_shoot.get(step, {})}).model_dump(mode="json")
        for step in STEPS
    }


def step_params(step: str, values: Mapping[str, Any]) -> Frozen:
    """Validate a step's params. Raises BadInput that names the step, the setting and its value."""
    stage = stage_of(step)
    try:
        params: Frozen = stage.params.model_validate(values)
    except BadInput as error:  # about a channel or a checkpoint that the params name
        raise type(error)(f"step {step}: {error.what}", remedy=error.remedy) from None
    except ValidationError as error:
        first = error.errors()[0]
        where, what = ".".join(map(str, first["loc"])), str(first["msg"]).removeprefix("Value error, ")
        if where and where == stage.engine_field:  # `what` names the engine's setting and its value
            message = f"{where}: {what}" if where in values else what
        else:
            message = f"{where}: {what} (got {first['input']!r})" if where else what
        raise BadInput(f"step {step}: {message}", remedy="Correct the preset") from None
    return params


def require_here(params: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise MissingEngine, naming the step, if this machine lacks an engine, a key or a device that `params` request.

    Each step would report it too, but only when it runs. The splat's engine is required even if no angle turns out to
    need a splat, because that is known only after the poses.
    """
    for step, values in params.items():
        stage = stage_of(step)
        stage.require_here(stage.params.model_validate(values))


def _stored(store: Store, file: Path) -> Artifact:
    with readable():
        data = file.read_bytes()
    return store.put(data, media_type_of(file.name))


def _named(store: Store, folder: Path, shoot: Shoot, below: str) -> Artifact | None:
    """A tree of the files that a shoot names in one of its folders; None without any."""
    names = [name for name in named_files(shoot) if name.startswith(below)]
    return store.put_tree({name: _stored(store, folder / name) for name in names}) if names else None
