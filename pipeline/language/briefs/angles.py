"""The angles of a brief: counted, joined with their heights, and matched with those that the shoot has."""

from collections.abc import Sequence
from dataclasses import replace

from pipeline.core.domain import Angle
from pipeline.language.briefs.asks import Ask, Count, Ground, Mood, View
from pipeline.language.briefs.cues import cue
from pipeline.language.briefs.directions import evenly
from pipeline.language.briefs.plan import Known, RefusedWish

SAME_DEG = 0.5
ONE = cue("one") | {"1.0"}
EVERYTHING = cue("everything") | {"both", "beide", "each", "jeweils", "chacune"}


def counted(text: str, asks: Sequence[Ask]) -> tuple[list[Ask], list[tuple[int, RefusedWish]]]:
    """The asks with `8 views` as views all around, or without it where the brief names that many; and refusals."""
    named = sum(isinstance(ask.what, View) for ask in asks)
    grounds = sum(isinstance(ask.what, Ground) for ask in asks)
    moods = sum(isinstance(ask.what, Mood) for ask in asks)
    each = any(ask.what.views == moods for ask in asks if isinstance(ask.what, Count))  # `two versions: sunset, snow`
    found: list[Ask] = []
    refused = []
    for ask in asks:
        if not isinstance(ask.what, Count):
            what = replace(ask.what, apart=True) if each and isinstance(ask.what, Mood) else ask.what
            found.append(replace(ask, what=what))
        elif ask.what.views != named and ask.what.views in {grounds, moods}:
            continue  # `two shots: one on white, one on oak`
        elif not named:
            found += [replace(ask, what=view) for view in evenly(ask.what.views)]
        elif named != ask.what.views:
            reason = f"the brief names {named} of them; name all, or none for views all around"
            refused.append((ask.start, RefusedWish(text=text[ask.start : ask.end], reason=reason)))
    return found, refused


def joined_views(asks: Sequence[Ask]) -> list[Ask]:
    """The asks, a height that follows a direction (`45° left, slightly from above`) joined to it."""
    joined: list[Ask] = []
    for ask in asks:
        if (_is_of_all(ask) or _is_level_of_all(joined, ask)) and (reached := _views_before(joined, ask)):
            for at in reached:
                joined[at] = _raised(joined[at], ask)
            continue
        if _is_level(ask) and joined and joined[-1].segment != ask.segment:
            for at in _views_before(joined, ask):
                joined[at] = _raised(joined[at], ask) if joined[at].clause == ask.clause else joined[at]
        both = _together(joined[-1], ask) if joined else None
        if both is not None:
            joined[-1] = both
        else:
            joined.append(ask)
    return joined


def _is_level(ask: Ask) -> bool:
    """Whether a view is at eye level; views that `and` joins to it are, too: `front & back at eye level`."""
    return any(one.kind == "LEVEL" for one in ask.phrase) and not any(one.kind == "NUM" for one in ask.phrase)


def _raised(one: Ask, height: Ask) -> Ask:
    """A view as high as another ask says."""
    if not (isinstance(one.what, View) and isinstance(height.what, View)):
        return one
    return replace(one, what=replace(one.what, elevation_deg=height.what.elevation_deg))


def _is_of_all(ask: Ask) -> bool:
    """Whether a height is said of several views: `both at eye level`."""
    height = isinstance(ask.what, View) and ask.what.azimuth_deg is None
    said = {word for one in ask.phrase[:1] for words in one.before for word in words.split()}
    return height and bool(said & EVERYTHING)


def _is_level_of_all(before: Sequence[Ask], ask: Ask) -> bool:
    """Whether a height follows views that `and` or `both sides` join: `front & back at eye level`."""
    views = [one for one in before if isinstance(one.what, View) and one.sentence == ask.sentence]
    height = isinstance(ask.what, View) and ask.what.azimuth_deg is None and not ask.what.straight
    joined = len({(one.start, one.end) for one in views}) < len(views) or len({one.segment for one in views}) > 1
    near = bool(views) and (views[-1].clause == ask.clause or len({(one.start, one.end) for one in views}) == 1)
    near = near or (_is_level(ask) and len({one.clause for one in views}) == 1 and before[-1] is views[-1])
    return height and joined and near


def _views_before(joined: Sequence[Ask], ask: Ask) -> list[int]:
    """The places of the sentence's views without a height, before one that is of all."""
    return [
        at
        for at, one in enumerate(joined)
        if isinstance(one.what, View) and one.sentence == ask.sentence and one.what.elevation_deg is None
    ]


def _together(first: Ask, second: Ask) -> Ask | None:
    """One ask of a direction and a height that follows it, or comes before it in its clause; None if they are not."""
    side, height = first.what, second.what
    if not (isinstance(side, View) and isinstance(height, View)) or first.sentence != second.sentence:
        return None
    if side.azimuth_deg is None and not side.straight:  # also `eye level, front`
        side, height = height, side
    if first.segment != second.segment and ONE & {word for each in second.phrase[:1] for word in each.before}:
        return None  # `from the right and one from 15 degrees above`
    if side.azimuth_deg is None or side.elevation_deg is not None or height.azimuth_deg is not None or height.straight:
        return None
    return replace(first, what=View(side.azimuth_deg, height.elevation_deg, side.name), end=second.end)


def angle_of(view: View, known: Known) -> Angle:
    """The shoot's own angle of that name or direction, else a new one; by default as high as the shoot's front."""
    azimuth_deg = round((view.azimuth_deg or 0.0) % 360, 3) % 360
    own = [
        angle
        for angle in known.angles
        if _apart_deg(angle.azimuth_deg, azimuth_deg) <= SAME_DEG and view.elevation_deg in {None, angle.elevation_deg}
    ]
    if view.elevation_deg is None or view.straight:
        own = [angle for angle in known.angles if angle.name == view.name] or own
    if own:
        return own[0]
    front = min(known.angles, key=lambda angle: _apart_deg(angle.azimuth_deg, 0))
    elevation_deg = front.elevation_deg if view.elevation_deg is None else view.elevation_deg
    name = _name(view, azimuth_deg)
    if any(angle.name == name for angle in known.angles):
        name = f"{name}-{azimuth_deg:g}-{elevation_deg:g}"
    return Angle(name=name, azimuth_deg=azimuth_deg, elevation_deg=elevation_deg)


def _apart_deg(first_deg: float, second_deg: float) -> float:
    return abs((first_deg - second_deg + 180) % 360 - 180)


def _name(view: View, azimuth_deg: float) -> str:
    """`left-45`, `back-left`, `right-30-up-20`, `top`."""
    if view.straight and view.azimuth_deg is None:
        return view.name or "top"
    sides = {0.0: "front", 90.0: "right", 135.0: "back-right", 180.0: "back", 225.0: "back-left", 270.0: "left"}
    away = azimuth_deg if azimuth_deg < 180 else azimuth_deg - 360
    three_quarters = view.name if view.name and view.name.startswith("three-quarter") else None
    name = three_quarters or sides.get(azimuth_deg) or f"{'right' if away > 0 else 'left'}-{abs(away):g}"
    if view.elevation_deg is None:
        return name
    return f"{name}-{'up' if view.elevation_deg >= 0 else 'down'}-{abs(view.elevation_deg):g}"
