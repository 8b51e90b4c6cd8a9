"""The angles of a brief: counted, joined with their heights, and matched with those that the shoot has."""

from collections.abc import Sequence
from dataclasses import replace

from pipeline.core.domain import Angle
from pipeline.language.briefs.asks import Ask, Count, Ground, Mood, View
from pipeline.language.briefs.directions import evenly
from pipeline.language.briefs.plan import Known, RefusedWish

SAME_DEG = 0.5


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
        both = _together(joined[-1], ask) if joined else None
        if both is not None:
            joined[-1] = both
        else:
            joined.append(ask)
    return joined


def _together(first: Ask, second: Ask) -> Ask | None:
    """One ask of a direction and a height that follows it, or comes before it in its clause; None if they are not."""
    side, height = first.what, second.what
    if not (isinstance(side, View) and isinstance(height, View)) or first.sentence != second.sentence:
        return None
    if side.azimuth_deg is None and not side.straight:  # also `eye level, front`
        side, height = height, side
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
