"""Checks a plan, whichever parser made it: every wish has the route that its target permits, and nothing is unasked."""

import re

from pipeline.language.briefs.plan import GENERATIVE, PRODUCT, EditPlan, Known, Overlay, Route, Wish

ANGLE_ROUTES: tuple[Route | None, ...] = (None, "captured", "rendered", "refused")


def faults(plan: EditPlan, known: Known) -> tuple[str, ...]:
    """What is wrong with the plan, as sentences for its parser. Empty: nothing."""
    found = [fault for wish in plan.wishes for fault in _of_wish(wish, plan)]
    asked = {wish.target for wish in plan.wishes}
    found += [f"no wish asks for {target}" for target in plan.shoot.targets if target not in asked]
    found += [
        f"{channel} is not a channel; the channels are {', '.join(known.channels)}"
        for channel in plan.shoot.channels
        if channel not in known.channels
    ]
    found += [
        f"backdrops.{backdrop.name}: only shoot.yaml can put the product on a person, with a model release"
        for backdrop in plan.shoot.backdrops
        if backdrop.kind == "worn" and backdrop not in known.backdrops
    ]
    angles = {angle.name for angle in plan.shoot.angles or known.angles}
    found += [f"edits.{name}: no such angle is made" for name in plan.shoot.edits if name not in angles]
    found += [
        f"refused: {one.text!r} does not stand in the brief" for one in plan.refused if not _quoted(one.text, plan)
    ]
    return tuple(found)


def _of_wish(wish: Wish, plan: EditPlan) -> list[str]:
    found = []
    if not _quoted(wish.text, plan):
        found.append(f"wish {wish.text!r} does not stand in the brief; quote its words")
    if wish.alters_product != (wish.target == PRODUCT):
        found.append(f"wish {wish.text!r}: alters_product goes with the target `{PRODUCT}`, and only with it")
    if wish.target == PRODUCT:
        permitted: tuple[Route | None, ...] = ("inpaint",)
    elif wish.target not in plan.shoot.targets:
        return [*found, f"wish {wish.text!r}: the overlay sets no {wish.target}"]
    else:
        permitted = permitted_routes(wish.target, plan.shoot)
    if wish.route not in permitted:
        routes = ", ".join(str(route) for route in permitted)
        found.append(f"wish {wish.text!r}: {wish.target} takes the route {routes}, not {wish.route}")
    return found


def permitted_routes(target: str, shoot: Overlay) -> tuple[Route | None, ...]:
    """The routes that a wish for this target of the overlay may take: exact ones, or generative ones, never both."""
    group, _, name = target.partition(".")
    if group == "angles":
        return ANGLE_ROUTES
    if group == "edits":
        return ("exact_edit",)
    if group == "backdrops":
        backdrop = next(backdrop for backdrop in shoot.backdrops if backdrop.name == name)
        if backdrop.kind == "diffusion":
            return GENERATIVE if backdrop.extend else tuple(route for route in GENERATIVE if route != "outpaint")
    return ("setting",)


def _quoted(text: str, plan: EditPlan) -> bool:
    return bool(text.strip()) and _plain(text) in _plain(plan.text)


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().casefold()
