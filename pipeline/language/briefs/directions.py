"""Directions in a brief: angles of view, and where the light comes from.

Both count from the viewer in front of the product. A camera 45° left is at azimuth -45, which is 315; a lamp 45° left
is at -45 too, for shoot.yaml counts the lamp's azimuth from the camera.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from lark import Tree

from pipeline.language.briefs.asks import Count, Lamp, NoSuchPhrase, RefusedPhrase, View
from pipeline.language.briefs.cues import cue
from pipeline.language.briefs.lexeme import Lexeme
from pipeline.language.briefs.meaningful import GOES_ON

SIDE_DEG = {"front": 0.0, "right": 90.0, "back": 180.0, "left": -90.0}
TOWARDS = {"left": -1.0, "right": 1.0}
SLIGHT_SIDE_DEG, SLIGHT_HEIGHT_DEG, OBLIQUE_DEG, STRAIGHT_DEG = 20.0, 25.0, 45.0, 90.0
SOFTNESS = {"SOFT": 0.9, "HARD": 0.1}
VERY = {"SOFT": 1.0, "HARD": 0.0}
STRENGTH = {"STRONG": 0.7, "FAINT": 0.2}
SAME_LAMP = GOES_ON | {"TO"}
PUT = frozenset({("la", "a"), ("le", "a")})  # `adoucis-la et mets-la à gauche`
LAMP_OR_VIEW = "this may mean the light or the view; write `light from the left` or `view from the left`"
WHICH_SHADOW = "say which shadow is wanted: `no shadow`, `soft shadow` or `hard shadow`"
OF_PICTURE = frozenset({"picture", "image", "photo", "bild", "foto", "by", "um"})
ARTICLES = cue("definite")
AT = frozenset({"at", "am", "en"})
LOWEST_LAMP_DEG = 15.0
MOST_VIEWS = 64
ALL_AROUND = 8  # views where a brief does not say how many


def view_of(tree: Tree[Any]) -> View:
    """The direction of an `angle` phrase."""
    if any("COLON" in lexeme.before for lexeme in lexemes_in(tree)[1:]):
        raise NoSuchPhrase  # `the front page needs it: left`
    if any("off" in lexeme.before for lexeme in lexemes_in(tree)):
        raise NoSuchPhrase  # `trim a sliver off the bottom`
    parts = {str(part.data): lexemes_in(part) for part in tree.children if isinstance(part, Tree)}
    _require_from(lexemes_in(tree))
    if not parts:  # SIDE NUM DEG up_or_down
        side, number, _, height = lexemes_in(tree)
        return _with_height(View(azimuth_deg=SIDE_DEG[side.value]), [number, height])
    view = _direction(parts["direction"]) if "direction" in parts else View()
    return _with_height(view, parts["height"]) if "height" in parts else view


def turned_view(lexemes: Sequence[Lexeme]) -> list[View]:
    """The view whose picture is turned: `rotate the left one by 2° clockwise`; empty where the side is the way."""
    return [View(azimuth_deg=SIDE_DEG[one.value], name=one.value) for one in lexemes if is_turned(one, lexemes)]


def is_turned(side: Lexeme, lexemes: Sequence[Lexeme]) -> bool:
    """Whether a side in a turn is the picture that is turned, and not the way."""
    way = any(one.kind in {"CW", "CCW"} for one in lexemes)
    named = "TO" not in side.before and ("FROM" in side.before or bool(ARTICLES & set(side.before[-1:])))
    return side.kind == "SIDE" and (way or named or side.value not in TOWARDS)


def _require_from(lexemes: Sequence[Lexeme]) -> None:
    """Raise NoSuchPhrase for the top or bottom of a picture: it is a view only with `from`, or with an angle."""
    edges = [lexeme for lexeme in lexemes if lexeme.value in {"top", "bottom"}]
    said = {"NUM", "SLIGHTLY", "OBLIQUE"} & {lexeme.kind for lexeme in lexemes}
    if edges and not said and not any("FROM" in lexeme.before for lexeme in (lexemes[0], edges[0])):
        raise NoSuchPhrase


def _direction(lexemes: Sequence[Lexeme]) -> View:
    """Azimuth of sides, with or without degrees."""
    kinds = [lexeme.kind for lexeme in lexemes]
    sides = [lexeme.value for lexeme in lexemes if lexeme.kind == "SIDE"]
    if "AZIMUTH" in kinds:
        if abs(_number(lexemes)) > 360:
            raise RefusedPhrase("an azimuth is from -360° to 360°")
        return View(azimuth_deg=_number(lexemes))
    if "PROFILE" in kinds:
        if not sides:
            raise RefusedPhrase("say which side: `from the left` or `from the right`")
        return View(azimuth_deg=_between(sides))
    if "THREEQ" in kinds and len(sides) == 2:
        return View(azimuth_deg=_between(sides))
    if "THREEQ" in kinds:
        side = sides[0] if sides else "left"
        if side not in TOWARDS:
            raise NoSuchPhrase
        return View(azimuth_deg=TOWARDS[side] * 45, name=f"three-quarter-{side}")
    if "OBLIQUE" in kinds and len(sides) == 2:
        return View(azimuth_deg=_between(sides))
    if kinds[:2] == ["SIDE", "NUM"] and OF_PICTURE & set(lexemes[1].before):
        raise NoSuchPhrase  # `rotate the left picture by 2°`
    return _turned(sides, _amount(lexemes))


def _turned(sides: Sequence[str], amount: float | None) -> View:
    """So many degrees towards a side; without an amount, the side itself."""
    if amount is None:
        return View(azimuth_deg=_between(sides), name="-".join(sorted(sides)))
    turned = next((side for side in sides if side in TOWARDS), None)
    if turned is None or len(sides) > 2 or "back" in sides:
        raise NoSuchPhrase
    if not 0 <= amount <= 180:
        raise RefusedPhrase("a side is 0° to 180° to the left or right of the front")
    return View(azimuth_deg=TOWARDS[turned] * amount)


def _amount(lexemes: Sequence[Lexeme]) -> float | None:
    for lexeme in lexemes:
        if lexeme.kind in {"NUM", "TURN"}:
            return lexeme.number
        if lexeme.kind in {"SLIGHTLY", "OBLIQUE"}:
            return SLIGHT_SIDE_DEG if lexeme.kind == "SLIGHTLY" else OBLIQUE_DEG
    return None


def _between(sides: Sequence[str]) -> float:
    """Azimuth of a side, or of the middle between `back` and `left`."""
    if len(sides) == 1:
        return SIDE_DEG[sides[0]]
    ends = [side for side in sides if side not in TOWARDS]
    turned = [side for side in sides if side in TOWARDS]
    if len(ends) != 1 or len(turned) != 1:
        raise NoSuchPhrase
    return TOWARDS[turned[0]] * (45.0 if ends[0] == "front" else 135.0)


def _with_height(view: View, lexemes: Sequence[Lexeme]) -> View:
    """The view with an elevation. `from above` alone is straight; beside a side, it is 45°."""
    kinds = {lexeme.kind for lexeme in lexemes}
    sign = -1.0 if "DOWN" in kinds else 1.0
    if "LEVEL" in kinds:
        return View(view.azimuth_deg, 0.0, view.name)
    if "NUM" in kinds:
        degrees = _number(lexemes)
    elif "SLIGHTLY" in kinds or any(lexeme.value == "raised" for lexeme in lexemes):
        degrees = SLIGHT_HEIGHT_DEG
    else:
        degrees = STRAIGHT_DEG if "OBLIQUE" not in kinds and view.azimuth_deg is None else OBLIQUE_DEG
    if not 0 <= degrees <= 90:
        raise RefusedPhrase(f"an elevation is from -90° to 90°, not {degrees:g}°")
    straight = degrees == STRAIGHT_DEG
    name = ("top" if sign > 0 else "bottom") if straight and view.azimuth_deg is None else view.name
    return View(view.azimuth_deg, sign * degrees, name, straight)


def views_around(lexemes: Sequence[Lexeme]) -> list[View] | list[Count]:
    """Several views: `both sides`, `8 views`, or `every 30°` with or without a first and a last azimuth."""
    if lexemes[0].kind == "BOTH":
        return [View(azimuth_deg=SIDE_DEG[side], name=side) for side in TOWARDS]
    if lexemes[0].kind == "QUARTERS":
        return [Count(ALL_AROUND if lexemes[0].value == "round" else 4)]
    numbers = [lexeme.number for lexeme in lexemes if lexeme.kind == "NUM"]
    if any(lexeme.kind == "VIEW" for lexeme in lexemes):
        count = int(numbers[0])
        if count != numbers[0] or not 2 <= count <= MOST_VIEWS:
            raise RefusedPhrase(f"a brief asks for 2 to {MOST_VIEWS} views at once, not {numbers[0]:g}")
        return evenly(count) if any(lexeme.kind == "ROUND" for lexeme in lexemes) else [Count(count)]
    step = numbers[0]
    first, last = (0.0, 360.0 - step) if len(numbers) == 1 else (0.0, numbers[1])
    if len(numbers) == 3:
        first, last = numbers[1], numbers[2]
    if step <= 0 or last < first or (last - first) / step + 1 > MOST_VIEWS:
        raise RefusedPhrase(f"write the range upwards, in at most {MOST_VIEWS} steps, such as `every 30° from 0 to 90`")
    return [View(azimuth_deg=first + at * step) for at in range(int((last - first) / step + 1e-9) + 1)]


def evenly(count: int) -> list[View]:
    """So many views all around, the front first."""
    return [View(azimuth_deg=360 * at / count) for at in range(count)]


def lamp_of(tree: Tree[Any]) -> Lamp:
    """What a `light` phrase sets: direction, softness and strength of the lamp."""
    lexemes = lexemes_in(tree)
    kinds = [lexeme.kind for lexeme in lexemes]
    if any("COLON" in lexeme.before for lexeme in lexemes[1:]) and kinds[0] not in {"LIGHT", "SHADOW"}:
        raise NoSuchPhrase  # `the front: light from the left`
    for joint, following in pairwise(lexemes):
        # `light from the left and above`, `the light softer and from the right`
        goes_on = (following.kind == "UP" or lexemes[0].kind in {"LIGHT", "SHADOW"}) and not following.viewed
        goes_on = goes_on and (following.kind == "UP" or "FROM" in following.before)
        same = SAME_LAMP & set(following.before) or PUT & set(pairwise(following.before))
        if joint.kind == "AND" and not goes_on and not same:
            if "FROM" in following.before and not following.viewed:
                raise RefusedPhrase(LAMP_OR_VIEW)
            raise NoSuchPhrase
    if {"NO", "REMOVE", "SHADOWLESS"} & set(kinds):
        if {"SOFT", "HARD", "STRONG", "FAINT"} & set(kinds):
            raise RefusedPhrase(WHICH_SHADOW)
        return Lamp({"strength": 0.0}, shadow=False)
    fields = {"strength": STRENGTH["FAINT"]} if kinds[0] == "SLIGHTLY" and kinds[1] == "SHADOW" else {}
    for quality in tree.find_data("quality"):
        *degree, word = lexemes_in(quality)
        very = any(lexeme.kind == "MUCH" for lexeme in degree)
        fields |= _quality(word.kind, very, fields)
    fields |= {"azimuth_deg": 180.0} if "BACKLIGHT" in kinds else _place(lexemes)
    if not fields:
        raise NoSuchPhrase
    return Lamp(fields, shadow=True if "SHADOW" in kinds else None)


def _quality(kind: str, very: bool, so_far: dict[str, float]) -> dict[str, float]:
    field, value = (
        ("softness", (VERY if very else SOFTNESS)[kind]) if kind in SOFTNESS else ("strength", STRENGTH[kind])
    )
    if field in so_far and so_far[field] != value:
        raise NoSuchPhrase
    return {field: value}


def _place(lexemes: Sequence[Lexeme]) -> dict[str, float]:
    """Azimuth and elevation of the lamp. A shadow to one side has its lamp on the other."""
    where = [lexeme for lexeme in lexemes if lexeme.kind in {"SIDE", "UP", "NUM"}]
    sides = [lexeme.value for lexeme in where if lexeme.kind == "SIDE"]
    numbers = [lexeme.number for lexeme in where if lexeme.kind == "NUM"]
    high = any(lexeme.kind == "UP" for lexeme in where)
    if len(numbers) > 1 or len(sides) > 2 or (numbers and not where):
        raise NoSuchPhrase
    if not sides and any(
        lexeme.value == "top" and AT & set(lexeme.before) and "FROM" not in lexeme.before for lexeme in where
    ):
        raise NoSuchPhrase  # `light at the top` is a shade
    found: dict[str, float] = {}
    if sides:
        found["azimuth_deg"] = _between(sides)
        if numbers and not high:
            found["azimuth_deg"] = _direction([lexeme for lexeme in where if lexeme.kind != "UP"]).azimuth_deg or 0.0
        if _falls_there(lexemes):
            found["azimuth_deg"] = (found["azimuth_deg"] + 360.0) % 360.0 - 180.0
    if high:
        found["elevation_deg"] = numbers[0] if numbers else (OBLIQUE_DEG if sides else STRAIGHT_DEG)
        if not LOWEST_LAMP_DEG <= found["elevation_deg"] <= 90:
            raise RefusedPhrase(f"the lamp stands {LOWEST_LAMP_DEG:g}° to 90° above the floor")
    elif numbers and not sides:
        raise NoSuchPhrase
    return found


def _falls_there(lexemes: Sequence[Lexeme]) -> bool:
    """Whether a shadow is said to fall to a side: `shadow to the right`, not `shadow from the right`."""
    if not any(lexeme.kind == "SHADOW" for lexeme in lexemes):
        return False
    side = next(lexeme for lexeme in lexemes if lexeme.kind == "SIDE")
    return "FROM" not in side.before and bool({"TO", "ON", "to", "at", "a"} & set(side.before))


def _number(lexemes: Sequence[Lexeme]) -> float:
    return next(lexeme.number for lexeme in lexemes if lexeme.kind == "NUM")


def lexemes_in(tree: Tree[Any]) -> list[Lexeme]:
    """The tokens of a phrase, in order."""
    return [token.value for token in tree.scan_values(lambda _: True)]
