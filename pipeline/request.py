"""From a brief for one product to a plan that can run: its wishes, their routes, and what they will take."""

from pathlib import Path
from typing import Any, NamedTuple

from pipeline.catalog import shoots
from pipeline.catalog.database import Catalog
from pipeline.catalog.review.redo import find_place
from pipeline.contract.budget import Budget
from pipeline.contract.plan import Plan
from pipeline.contract.runner import Runner
from pipeline.core.backdrops import Backdrop
from pipeline.core.domain import Angle, AngleDecision, Frozen
from pipeline.core.errors import BadInput
from pipeline.core.records import Light, load_list
from pipeline.diffusion.painting.registry import ENGINES as PAINTERS
from pipeline.diffusion.scenes.vocabulary import UNDERSTOOD_AT_LEAST, understand
from pipeline.estimate import Estimator
from pipeline.imaging.channels.channel import channel_names, load_channel
from pipeline.language.base import Pay
from pipeline.language.briefs.base import LeftUsd, checked, unlimited
from pipeline.language.briefs.plan import EditPlan, Known, Overlay, RefusedWish, Wish
from pipeline.language.briefs.registry import PARSERS
from pipeline.overlay import for_asset, settings_of, with_settings
from pipeline.plan import STEPS, UPSTREAM, write_plan
from pipeline.run import StepForecast, forecast, output_of, require_step
from pipeline.shoot import Shoot, read_shoot

TO_COVERAGE = tuple(step for step in STEPS if step in {"coverage", *UPSTREAM["coverage"]})


class PlannedBrief(NamedTuple):
    """A brief that can run: what it became, the plan, and the plan's digest."""

    edit: EditPlan
    plan: Plan
    digest: str


def shoot_folder(target: str, catalog_url: str) -> Path:
    """The folder of the shoot: `target` itself, or that of the sku `target` in the catalog. Raises BadInput."""
    folder = Path(target)
    if folder.is_dir():
        return folder
    known = shoots.known_shoots(catalog_url)
    if target not in known:
        similar = ", ".join(sorted(known)[:5]) or "none yet"
        raise BadInput(
            f"{target!r} is neither a folder nor a product of the catalog",
            remedy=f"Give the folder of a shoot, or one of the catalog's products ({similar})",
        )
    source = Path(known[target].source)
    if not source.is_dir():
        raise BadInput(
            f"the shoot of {target} is no longer in {known[target].source or 'its folder'}",
            remedy="Put it back, or give the folder in which it is now",
        )
    return source


def read_brief(text: str, shoot: Shoot, parser: Frozen, pay: Pay, left_usd: LeftUsd = unlimited) -> EditPlan:
    """The plan of a brief about this shoot; the routes of its angles are not known yet. Raises as the parser does."""
    return PARSERS.of(parser).read(checked(text), known_of(shoot), parser, pay, left_usd)


def known_of(shoot: Shoot) -> Known:
    """What a brief about this shoot can refer to."""
    words = {shoot.title, shoot.category.rpartition("/")[2]}
    return Known(
        angles=shoot.angles,
        backdrops=shoot.backdrops,
        light=shoot.capture.light or Light(),
        channels={name: load_channel(name).title for name in channel_names()},
        product=tuple(sorted(word for word in words if word)),
    )


def prepare(runner: Runner, folder: Path, preset: str, edit: EditPlan, *, runs_here: bool) -> PlannedBrief:
    """Plan what the brief asks for, decide the route of each angle by the photos, and forecast what it will take.

    The photos are cut out and posed if that has not been done. Raises BadInput when nothing that the brief asks for can
    be made, or when the photos have to be posed and the steps run in pods (`runs_here` False).
    """
    plan, digest = write_plan(folder, runner.store, preset, runs_here=runs_here, request=edit)
    if edit.shoot.angles:
        decisions = _decisions(runner, plan, digest, runs_here=runs_here)
        edit = routed(edit, decisions)
    _require_something(edit)
    edit = edit.model_copy(update={"notes": (*edit.notes, *_passed_over(plan, edit))})
    seconds, usd = expected(runner, forecast(runner, plan))
    edit = edit.model_copy(update={"seconds": seconds, "usd": usd})
    return PlannedBrief(edit, *write_plan(folder, runner.store, preset, runs_here=runs_here, request=edit))


def _passed_over(plan: Plan, edit: EditPlan) -> list[str]:
    """Sentences on the words of the brief's backdrops that the plan's painter does not know."""
    painted = [backdrop for backdrop in edit.shoot.backdrops if backdrop.kind == "diffusion"]
    if not painted:
        return []
    params = PAINTERS.parse(plan.steps["background"].params["diffusion"])
    if not PAINTERS.of(params).facts(params).closed_vocabulary:
        return []
    readings = {backdrop.name: understand(str(backdrop.prompt)) for backdrop in painted}
    return [
        f"the backdrop {name} is painted without {', '.join(map(repr, read.passed_over))}, which its painter does not "
        f"know{'' if read.understood >= UNDERSTOOD_AT_LEAST else '; that is most of its words, so it goes to review'}"
        for name, read in readings.items()
        if read.passed_over
    ]


def _decisions(runner: Runner, plan: Plan, digest: str, *, runs_here: bool) -> list[AngleDecision]:
    waiting = [step.step for step in forecast(runner, plan) if step.step in TO_COVERAGE[:-1] and step.state == "to run"]
    if waiting and not runs_here:
        raise BadInput(
            f"the photos of {plan.sku} have not been posed yet ({waiting[0]} has not run), so no angle can be promised",
            remedy="Run its shoot first, by the nightly run or `catalog_backfill`",
        )
    for step in TO_COVERAGE:
        require_step(runner, plan, digest, step)
    decisions = output_of(runner, digest, "coverage", "decisions")
    return load_list(AngleDecision, runner.store.read(decisions)) if decisions else []


def routed(edit: EditPlan, decisions: list[AngleDecision]) -> EditPlan:
    """The plan with the route of each angle as coverage decided it; an angle that is refused is in `refused` too."""
    by_target = {f"angles.{decision.angle.name}": decision for decision in decisions}

    def with_route(wish: Wish) -> Wish:
        decision = by_target.get(wish.target)
        return wish if decision is None else wish.model_copy(update={"route": decision.source})

    refused = [
        RefusedWish(text=wish.text, reason=by_target[wish.target].reason)
        for wish in edit.wishes
        if wish.target in by_target and by_target[wish.target].source == "refused"
    ]
    return edit.model_copy(update={"wishes": tuple(map(with_route, edit.wishes)), "refused": (*edit.refused, *refused)})


def _require_something(edit: EditPlan) -> None:
    """Raise BadInput when every wish is refused, so that nothing would change."""
    doable = [wish for wish in edit.wishes if wish.route != "refused" and not wish.alters_product]
    angles = [wish.route for wish in edit.wishes if wish.target.startswith("angles.")]
    if doable and not (angles and set(angles) == {"refused"}):
        return
    why = "; ".join(f"{refused.text!r}: {refused.reason}" for refused in edit.refused[:3])
    altering = [wish.text for wish in edit.wishes if wish.alters_product]
    if altering:
        why = "; ".join(filter(None, (why, f"{altering[0]!r} would alter the product itself")))
    retouch = ", or list what to remove under `retouch` in shoot.yaml" if altering else ""
    raise BadInput(f"nothing that the brief asks for can be made: {why}", remedy=f"Ask for something else{retouch}")


def expected(runner: Runner, steps: list[StepForecast]) -> tuple[float | None, float | None]:
    """Seconds and USD that the steps will take. None where one that has to run has never run on this store.

    Steps whose results are there take nothing.
    """
    to_run = (step.step for step in steps if step.state not in {"cached", "held"})
    estimate = Estimator(runner.store).estimate(to_run)
    return (None, None) if estimate.unknown else (estimate.seconds, estimate.usd)


class Redo(NamedTuple):
    """What an asset that was sent back is made again with. `settings`: see `overlay.settings_of`."""

    asset: str
    settings: dict[str, Any] = {}


def place_of(catalog_url: str, shoot: Shoot, asset: str) -> tuple[Angle, Backdrop]:
    """The angle and the backdrop of an asset, as shoot.yaml or the brief that asked for it defines them.

    Raises BadInput for an asset that is none of this shoot, or whose angle or backdrop is defined no more.
    """
    found = find_place(Catalog(catalog_url), asset)
    if found.sku != shoot.sku:
        raise BadInput(f"{asset} is not an asset of {shoot.sku}", remedy="List its assets with `catalog assets --sku`")
    overlay = EditPlan.model_validate(found.plan).shoot if found.plan else Overlay()
    angles = {angle.name: angle for angle in (*shoot.angles, *overlay.angles)}
    backdrops = {backdrop.name: backdrop for backdrop in (*shoot.backdrops, *overlay.backdrops)}
    if found.angle not in angles or found.backdrop not in backdrops:
        gone = f"angle {found.angle}" if found.angle not in angles else f"backdrop {found.backdrop}"
        raise BadInput(f"shoot.yaml has no {gone} any more, which {asset} has", remedy="Run its shoot again instead")
    return angles[found.angle], backdrops[found.backdrop]


class ReadBrief(NamedTuple):
    """A brief as it was read: the shoot's folder, the plan, and what reading it cost."""

    folder: Path
    edit: EditPlan
    usd: float


def read_request(
    target: str, text: str, parser: Frozen, catalog_url: str, budget: Budget | None = None, redo: Redo | None = None
) -> ReadBrief:
    """Read a brief about a product; `budget`: what its run may pay for that, None for any amount.

    `redo`: the asset that it makes again; only that one's angle and backdrop, unless the brief names others.
    Raises BadInput for an unknown product or an unreadable brief, and CatalogError as the parser does.
    """
    checked(text)
    folder = shoot_folder(target, catalog_url)
    paid: list[float] = []

    def pay(usd: float) -> None:
        paid.append(usd)
        if budget is not None:
            budget.pay(usd)

    left_usd = unlimited if budget is None else lambda: budget.left_usd
    shoot = read_shoot(folder)
    if redo is None:
        return ReadBrief(folder, read_brief(text, shoot, parser, pay, left_usd), sum(paid))
    angle, backdrop = place_of(catalog_url, shoot, redo.asset)
    if angle not in shoot.angles:  # a brief made it; what the text says of every angle is said of this one too
        shoot = shoot.model_copy(update={"angles": (*shoot.angles, angle)})
    if text == in_words(redo.settings):
        edit = EditPlan(text=text, language="en", parser="settings")
    else:
        edit = read_brief(text, shoot, parser, pay, left_usd)
    settings = settings_of(redo.settings)
    edit = with_settings(for_asset(edit, angle, backdrop), shoot.capture.light or Light(), settings)
    return ReadBrief(folder, edit, sum(paid))


def in_words(settings: dict[str, Any]) -> str:
    """Settings as the text of a redo for which nothing else is asked."""
    return ", ".join(f"{name}={value}" for name, value in settings.items())
