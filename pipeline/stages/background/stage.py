"""background: makes the backdrops of every angle that has a picture: solid, gradient, or painted by diffusion.

A painted one is looked at behind its product, and painted again where checks fail.
"""

import hashlib
from typing import NamedTuple

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Resources, Stage
from pipeline.contract.work import Work
from pipeline.core.backdrops import Backdrop
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput
from pipeline.core.records import BackdropPicture, Caption, Check, Picture, dump_json, load_list
from pipeline.diffusion.painting.registry import ENGINES
from pipeline.diffusion.scenes.vocabulary import UNDERSTOOD_AT_LEAST
from pipeline.stages.background.asset import ASSET, AssetInputs, AssetParams, given
from pipeline.stages.background.look import LookParams
from pipeline.stages.background.params import Params, painter_facts, requires
from pipeline.stages.background.tries import Kept, Outcome, Rules, SharedSet, TryReport, paint_and_look
from pipeline.stages.background.worn import WORN, WornItemInputs, seen_from_front, worn_params

ELEVATION_STEP_DEG = 5.0  # nobody sees half of it, and angles of one ring share their sets


class Inputs(Frozen):
    """`angles`: tree `<angle>.png`, RGBA; `pictures`: JSON list of Picture; `caption`: None if it is held.

    `people`: tree of the photos that shoot.yaml's worn backdrops name, as shot.
    """

    angles: Artifact
    pictures: Artifact
    caption: Artifact | None = None
    people: Artifact | None = None


class Wording(Frozen):
    """A prompt as the checkpoint understood it. `passed_over`: words, or a truncated end, that it did not use."""

    backdrop: str
    asked: str
    painted_as: str
    passed_over: tuple[str, ...] = ()


class Report(Frozen):
    """How many backdrops were made and painted, the engine, and how the checkpoint understood each prompt.

    `unsatisfied`: the backdrops `<angle>/<backdrop>` for which no try passed its checks; the best is kept.
    """

    backdrops: int
    painted: int
    engine: str | None = None
    checkpoint_digest: str | None = None
    wordings: tuple[Wording, ...] = ()
    tries: tuple[TryReport, ...] = ()
    unsatisfied: tuple[str, ...] = ()


class Outputs(Frozen):
    """`backdrops`: tree `<angle>/<backdrop>.png`, RGB; `backdrop_pictures`: JSON list of BackdropPicture.

    A worn backdrop is made for the angle nearest to the front alone, and shows the product itself.
    """

    backdrops: Artifact
    backdrop_pictures: Artifact
    report: Report


class _Ask(NamedTuple):
    """One backdrop for one angle."""

    angle: str
    picture: Artifact
    backdrop: Backdrop
    files: AssetInputs
    asset: AssetParams

    @property
    def path(self) -> str:
        return f"{self.angle}/{self.backdrop.name}"


def run(inputs: Inputs, params: Params, work: Work) -> Outputs:
    """Make every backdrop of every angle that has a picture. Raises BadInput."""
    asks = _asks(inputs, params, work)
    painted = [ask for ask in asks if ask.backdrop.kind == "diffusion"]
    outcome = paint_and_look(_shared_sets(painted), _rules(params), work)
    kept = outcome.kept | {ask.path: _plain(ask, work) for ask in asks if ask.path not in outcome.kept}
    records = [_record(ask, kept[ask.path], params) for ask in asks]
    files = {f"{ask.path}.png": kept[ask.path].backdrop for ask in asks}
    for record, picture in _worn(inputs, params, work):
        records.append(record)
        files[record.path] = picture
    return Outputs(
        backdrops=work.put_tree(files),
        backdrop_pictures=work.put_bytes(dump_json(records)),
        report=_report(asks, kept, outcome, params),
    )


def _asks(inputs: Inputs, params: Params, work: Work) -> list[_Ask]:
    """Every angle that has a picture with every backdrop, in order. Raises BadInput when a picture is missing."""
    angles = work.tree(inputs.angles)
    pictures = [each for each in load_list(Picture, work.read(inputs.pictures)) if each.source != "refused"]
    caption = None if inputs.caption is None else Caption.model_validate_json(work.read(inputs.caption))
    asks = []
    for picture in pictures:
        name = picture.angle.name
        if f"{name}.png" not in angles:
            raise BadInput(f"angle {name} has no picture {name}.png", remedy="Run render again")
        shown = angles[f"{name}.png"]
        for backdrop in params.backdrops:
            if backdrop.kind == "worn":
                continue
            product = shown if backdrop.kind == "diffusion" and _around_product(params) else None
            asset = _asset_params(backdrop, picture, params, caption)
            asks.append(_Ask(name, shown, backdrop, AssetInputs(angle=product), asset))
    return asks


def _worn(inputs: Inputs, params: Params, work: Work) -> list[tuple[BackdropPicture, Artifact]]:
    """The product on every person of the shoot, as seen from the front. Raises BadInput when a photo is missing."""
    wanted = [backdrop for backdrop in params.backdrops if backdrop.kind == "worn"]
    pictures = [each for each in load_list(Picture, work.read(inputs.pictures)) if each.source != "refused"]
    if not wanted or not pictures or params.worn is None:
        return []
    people, name = work.tree(inputs.people) if inputs.people else {}, seen_from_front(pictures).angle.name
    made = []
    for backdrop in wanted:
        if backdrop.person not in people:
            raise BadInput(f"backdrop {backdrop.name} has no photo {backdrop.person}", remedy="Plan the shoot again")
        files = WornItemInputs(garment=work.tree(inputs.angles)[f"{name}.png"], person=people[backdrop.person])
        done = work.item(f"{name}/{backdrop.name}", WORN, files, worn_params(backdrop, params.worn))
        record = BackdropPicture(
            angle=name,
            backdrop=backdrop.name,
            kind="worn",
            path=f"{name}/{backdrop.name}.png",
            prompt=backdrop.prompt,
            seed=params.worn.seed,
            alterations=(done.report.alteration,),
        )
        made.append((record, done.backdrop))
    return made


def _shared_sets(asks: list[_Ask]) -> list[SharedSet]:
    """One set for all angles that share a set, because it must suit all of them."""
    shared: dict[tuple[str, str], list[_Ask]] = {}
    for ask in asks:
        shared.setdefault((ask.backdrop.name, ASSET.request(ask.files, ask.asset).key), []).append(ask)
    return [
        SharedSet(
            backdrop=first.backdrop.name,
            files=first.files,
            asset=first.asset,
            scene=given(first.backdrop.prompt),
            pictures={ask.angle: ask.picture for ask in (first, *others)},
        )
        for first, *others in shared.values()
    ]


def _rules(params: Params) -> Rules:
    look = LookParams(
        shadow_painted=params.shadow == "painted",
        vector=params.look,
        prompt_likeness_at_least=params.prompt_likeness_at_least if params.look is not None else 0.0,
    )
    return Rules(params.tries, look, params.rewrite)


def _plain(ask: _Ask, work: Work) -> Kept:
    made = work.item(ask.path, ASSET, ask.files, ask.asset)
    return Kept(made.backdrop, ask.asset, made.report, ())


def _record(ask: _Ask, kept: Kept, params: Params) -> BackdropPicture:
    return BackdropPicture(
        angle=ask.angle,
        backdrop=ask.backdrop.name,
        kind=ask.backdrop.kind,
        path=f"{ask.path}.png",
        prompt=kept.asset.prompt,
        seed=kept.asset.seed,
        start=kept.made.start,
        shadow_painted=ask.backdrop.kind == "diffusion" and params.shadow == "painted",
        checks=(*kept.checks, *_understanding(kept)),
    )


def _understanding(kept: Kept) -> tuple[Check, ...]:
    """Check that the painter knew enough of the prompt's words to paint what it says; none for other backdrops."""
    from pipeline.imaging.checks.evidence import finding

    made = kept.made
    if made.painted_as is None:
        return ()
    passed = made.understood >= UNDERSTOOD_AT_LEAST
    words = f"the painter knew {made.understood:.0%} of the words of {kept.asset.prompt!r}"
    if made.passed_over:
        words += f", not {', '.join(map(repr, made.passed_over))}"
    return (
        finding(
            "prompt_understood", made.understood, "share", words,
            threshold=UNDERSTOOD_AT_LEAST, passed=passed, severity="review",
        ),
    )  # fmt: skip


def _report(asks: list[_Ask], kept: dict[str, Kept], outcome: Outcome, params: Params) -> Report:
    painter = painter_facts(params) if outcome.kept else None
    wordings = dict.fromkeys(  # an ordered set, because angles share a prompt
        wording for ask in asks for wording in _wordings(ask.backdrop.name, kept[ask.path])
    )
    return Report(
        backdrops=len(asks),
        painted=len(outcome.kept),
        engine=painter.name if painter else None,
        checkpoint_digest=painter.checkpoint_digest if painter else None,
        wordings=tuple(wordings),
        tries=outcome.tries,
        unsatisfied=outcome.unsatisfied,
    )


def _around_product(params: Params) -> bool:
    if params.around != "auto":
        return params.around == "product"
    return not painter_facts(params).paints_behind_product


def _wordings(backdrop: str, kept: Kept) -> tuple[Wording, ...]:
    asked, made = kept.asset.prompt, kept.made
    if asked is None or made.painted_as is None:
        return ()
    return (Wording(backdrop=backdrop, asked=asked, painted_as=made.painted_as, passed_over=made.passed_over),)


def _asset_params(backdrop: Backdrop, picture: Picture, params: Params, caption: Caption | None) -> AssetParams:
    plain = AssetParams(
        kind=backdrop.kind,
        size_px=params.size_px,
        extend=backdrop.extend,
        colour=backdrop.colour,
        to_colour=backdrop.to_colour,
    )
    if backdrop.kind != "diffusion":
        return plain
    prompt = given(backdrop.prompt)
    if caption is not None and not painter_facts(params).closed_vocabulary:
        prompt = f"{caption.prompt}, {prompt}"
    names = (str(params.seed), backdrop.name, picture.angle.name if params.seed_per_angle else "")
    seed = int.from_bytes(hashlib.sha256("/".join(names).encode()).digest()[:4], "big") % 2**31
    camera = {"camera_elevation_deg": _camera_elevation_deg(picture)}
    return plain.model_copy(update={"prompt": prompt, "seed": seed, "diffusion": params.diffusion, **camera})


def _camera_elevation_deg(picture: Picture) -> float:
    """How high the picture's camera stood, by its pose or else as requested, in steps that angles share a set by."""
    elevation_deg = picture.view.elevation_deg if picture.view else picture.angle.elevation_deg
    return ELEVATION_STEP_DEG * round(elevation_deg / ELEVATION_STEP_DEG)


STAGE = Stage(
    "background",
    10,
    Inputs,
    Params,
    Outputs,
    run,
    resources=Resources(gpu=True, memory="8Gi"),  # checkpoints pass through main memory
    engines=ENGINES,
    engine_field="diffusion",
    requires=requires,
)
