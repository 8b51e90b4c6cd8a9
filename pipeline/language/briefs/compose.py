"""Makes one plan of everything that a brief asks for. Wishes that contradict each other are refused, both quoted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from pipeline.core.backdrops import Backdrop
from pipeline.core.domain import Angle
from pipeline.core.edits import Edits
from pipeline.core.records import Light
from pipeline.language.briefs.angles import angle_of, counted, joined_views
from pipeline.language.briefs.asks import Alter, Ask, Edit, Extend, Lamp, OnChannel, View
from pipeline.language.briefs.plan import PRODUCT, Known, Overlay, RefusedWish, Wish, given
from pipeline.language.briefs.scenes import painted_scenes


@dataclass
class Composed:
    """The parts of a plan. `wishes` are in the order of the brief."""

    wishes: list[tuple[int, Wish]] = field(default_factory=list)
    refused: list[tuple[int, RefusedWish]] = field(default_factory=list)
    overlay: Overlay = field(default_factory=Overlay)


def compose(text: str, asks: Sequence[Ask], known: Known) -> Composed:
    """The wishes, the overlay and the refusals that these asks make."""
    made = Composed()
    asks, uncounted = counted(text, asks)
    made.refused += uncounted
    kept = _without_contradictions(text, joined_views(asks), made)
    angles, of_clause = _angles(text, kept, known, made)
    backdrops = _backdrops(text, kept, known, made)
    channels = _channels(text, kept, made)
    light = _light(text, kept, known, made)
    edits = _edits(text, kept, of_clause, known, made)
    for ask in kept:
        if isinstance(ask.what, Alter):
            made.wishes.append(
                (ask.start, Wish(text=_said(text, ask), route="inpaint", target=PRODUCT, alters_product=True))
            )
    made.overlay = Overlay(angles=angles, backdrops=backdrops, channels=channels, light=light, edits=edits)
    return made


def _said(text: str, ask: Ask) -> str:
    return text[ask.start : ask.end]


def _without_contradictions(text: str, asks: Sequence[Ask], made: Composed) -> list[Ask]:
    """The asks without those that set one thing to two values."""
    values: dict[tuple[Any, ...], dict[Any, list[Ask]]] = {}
    for ask in asks:
        for slot, value in _slots(ask, asks):
            values.setdefault(slot, {}).setdefault(value, []).append(ask)
    against: dict[int, tuple[Ask, Ask]] = {}
    for by_value in values.values():
        if len(by_value) > 1:
            groups = list(by_value.values())
            for group in groups:
                other = next(other for other in groups if other is not group)
                against |= {id(ask): (ask, other[0]) for ask in group}
    for ask, opposite in against.values():
        reason = f"contradicts {_said(text, opposite)!r}; keep one of them"
        made.refused.append((ask.start, RefusedWish(text=_said(text, ask), reason=reason)))
    return [ask for ask in asks if id(ask) not in against]


def _slots(ask: Ask, asks: Sequence[Ask]) -> list[tuple[tuple[Any, ...], Any]]:
    """What the ask sets, and to which value: two values in one slot contradict each other."""
    if isinstance(ask.what, Lamp):
        slots: list[tuple[tuple[Any, ...], Any]] = [(("light", name), value) for name, value in ask.what.fields.items()]
        return slots if ask.what.shadow is None else [*slots, (("shadow",), ask.what.shadow)]
    if isinstance(ask.what, Edit):
        reached: list[tuple[Any, ...]] = [(view.what,) for view in _reached(ask, asks)] or [()]
        return [((*view, *slot), value) for view in reached for slot, value in _edit_slots(ask.what)]
    if isinstance(ask.what, Extend):
        return [(("extend",), ask.what.shape)]
    ratios = [one.value for one in ask.phrase if one.kind == "RATIO"] if isinstance(ask.what, OnChannel) else []
    return [(("shape",), _shape(("crop", "aspect"), ratio)) for ratio in ratios]


def _edit_slots(edit: Edit) -> list[tuple[tuple[str, ...], Any]]:
    """An edit's fields, and the shape and the size that they give the picture."""
    slots: list[tuple[tuple[str, ...], Any]] = list(edit.fields.items())
    for path, value in edit.fields.items():
        if (shape := _shape(path, value)) is not None:
            slots.append((("shape",), shape))
        if path[0] in {"size_px", "resize"}:
            slots.append((("size",), value))
    return slots


def _shape(path: tuple[str, ...], value: Any) -> float | None:
    """Width to height that an edit gives the picture, or None if it leaves that alone."""
    if path == ("crop", "aspect"):
        width, height = map(int, value.split(":"))
        return round(width / height, 2)
    return round(value[0] / value[1], 2) if path == ("size_px",) else None


def _reached(ask: Ask, asks: Iterable[Ask]) -> list[Ask]:
    """The views that an edit applies to: those of its clause, else those of its sentence, else all of the brief.

    In a clause such as `the left brighter and the back darker`, where each view has its edit, those of its segment.
    """
    everything = list(asks)
    views = [other for other in everything if isinstance(other.what, View) and not _is_excepted(other.what, ask)]
    in_clause = [view for view in views if view.clause == ask.clause]
    edited = {one.segment for one in everything if isinstance(one.what, Edit) and one.clause == ask.clause}
    if in_clause and {view.segment for view in in_clause} == edited:
        return [view for view in in_clause if view.segment == ask.segment]
    return in_clause or [view for view in views if view.sentence == ask.sentence] or views


def _is_excepted(view: View, ask: Ask) -> bool:
    but = ask.what.but if isinstance(ask.what, Edit) else ()
    return any(one.azimuth_deg == view.azimuth_deg for one in but)


def _angles(
    text: str, asks: Sequence[Ask], known: Known, made: Composed
) -> tuple[tuple[Angle, ...], list[tuple[Ask, str]]]:
    """The angles, each once, and the name of each ask's."""
    angles: dict[str, Angle] = {}
    named = []
    for ask in asks:
        if isinstance(ask.what, View):
            angle = angle_of(ask.what, known)
            if angle.name not in angles:
                made.wishes.append((ask.start, Wish(text=_said(text, ask), target=f"angles.{angle.name}")))
            angles.setdefault(angle.name, angle)
            named.append((ask, angle.name))
    return tuple(angles.values()), named


def _backdrops(text: str, asks: Sequence[Ask], known: Known, made: Composed) -> tuple[Backdrop, ...]:
    """The backdrops. A mood joins those that are painted, or makes one; `wider` continues those that are painted."""
    own = {backdrop.name: backdrop for backdrop in known.backdrops}
    extends = [(ask, ask.what.shape) for ask in asks if isinstance(ask.what, Extend)]
    backdrops, routes = painted_scenes(asks, own)
    scenes = [name for name, backdrop in backdrops.items() if backdrop.kind == "diffusion"]
    if extends and not backdrops:
        scenes = [name for name, backdrop in own.items() if backdrop.kind == "diffusion"]
        backdrops |= {name: own[name] for name in scenes}
    for ask, shape in extends:
        if not scenes:
            reason = "only a painted scene can be continued; name one, such as `on light marble`"
            made.refused.append((ask.start, RefusedWish(text=_said(text, ask), reason=reason)))
        for name in scenes:
            backdrops[name] = backdrops[name].model_copy(update={"extend": shape})
            routes.append((ask, name, "outpaint"))
    made.wishes += [
        (ask.start, Wish(text=_said(text, ask), route=route, target=f"backdrops.{name}")) for ask, name, route in routes
    ]
    return tuple(backdrops.values())


def _channels(text: str, asks: Sequence[Ask], made: Composed) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for ask in asks:
        if isinstance(ask.what, OnChannel) and ask.what.name not in names:
            names[ask.what.name] = None
            wish = Wish(text=_said(text, ask), route="setting", target=f"channels.{ask.what.name}")
            made.wishes.append((ask.start, wish))
    return tuple(names)


def _light(text: str, asks: Sequence[Ask], known: Known, made: Composed) -> Light | None:
    fields: dict[str, float] = {}
    for ask in asks:
        if isinstance(ask.what, Lamp):
            fields |= ask.what.fields
            made.wishes.append((ask.start, Wish(text=_said(text, ask), route="setting", target="light")))
    return known.light.model_copy(update=fields) if fields else None


def _edits(
    text: str,
    asks: Sequence[Ask],
    of_ask: Sequence[tuple[Ask, str]],
    known: Known,
    made: Composed,
) -> dict[str, Edits]:
    """The edits of each angle: those of the brief's angles, else of all that the shoot has."""
    fields: dict[str, dict[str, Any]] = {}
    for ask in asks:
        if not isinstance(ask.what, Edit):
            continue
        reached = {id(view) for view in _reached(ask, asks)}
        names = [name for view, name in of_ask if id(view) in reached]
        if not of_ask:
            but = {angle_of(view, known).name for view in ask.what.but}
            names = [angle.name for angle in known.angles if angle.name not in but]
        if not names:
            refused = RefusedWish(text=_said(text, ask), reason="the brief excepts every angle that it is for")
            made.refused.append((ask.start, refused))
        for name in dict.fromkeys(names):
            for path, value in ask.what.fields.items():
                group = fields.setdefault(name, {})
                for step in path[:-1]:
                    group = group.setdefault(step, {})
                group[path[-1]] = value
            targets = dict.fromkeys(path[0] for path in ask.what.fields)
            made.wishes += [
                (ask.start, Wish(text=_said(text, ask), route="exact_edit", target=f"edits.{name}.{target}"))
                for target in targets
            ]
    return _valid(fields, made)


def _valid(fields: dict[str, dict[str, Any]], made: Composed) -> dict[str, Edits]:
    """The edits as models. Wishes that change nothing, or too much together, are refused."""
    edits: dict[str, Edits] = {}
    for name, values in fields.items():
        try:
            edits[name] = Edits.model_validate(values)
        except ValidationError as error:
            reason = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
            _refuse(made, [f"edits.{name}.{key}" for key in values], reason)
            continue
        unchanged = [key for key in values if key not in given(edits[name])]
        _refuse(made, [f"edits.{name}.{key}" for key in unchanged], "it changes nothing")
        if not given(edits[name]):
            del edits[name]
    return edits


def _refuse(made: Composed, targets: Sequence[str], reason: str) -> None:
    """Turn the wishes for these targets into refusals."""
    gone = [(start, wish) for start, wish in made.wishes if wish.target in targets]
    made.wishes = [(start, wish) for start, wish in made.wishes if wish.target not in targets]
    for start, wish in gone:
        refused = RefusedWish(text=wish.text, reason=reason)
        if (start, refused) not in made.refused:
            made.refused.append((start, refused))
