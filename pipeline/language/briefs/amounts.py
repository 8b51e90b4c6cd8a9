"""Exact edits in a brief: crops, sizes, turns, and light with amounts. All become fields of shoot.yaml's `edits`."""

import math
from collections.abc import Sequence

from pipeline.language.briefs.asks import Ask, Edit, NoSuchPhrase, RefusedPhrase
from pipeline.language.briefs.directions import is_turned
from pipeline.language.briefs.lexeme import Lexeme

BRIGHTER_EV = {"": 0.3, "SLIGHTLY": 0.15, "MUCH": 0.6}
CONTRAST = {"": 0.1, "SLIGHTLY": 0.05, "MUCH": 0.25}
SHARPEN = {"": 0.5, "SLIGHTLY": 0.25, "MUCH": 1.0}
PERSPECTIVE = {"": 0.04, "SLIGHTLY": 0.02, "MUCH": 0.08}
NOUNS = frozenset({"BRIGHTNESS", "CONTRAST"})
DIGITS = 3
WHOLE_FROM_PCT = 50  # `contrast to 110%` is the whole, `contrast +10%` the change
ROLL_AT_MOST_DEG = 10.0  # `rotate 45° to the left` rather means the product
PICTURE = frozenset({"picture", "image", "photo", "bild", "foto"})
EDGES = ("left", "top", "right", "bottom")
BY_PRODUCT = (
    "it can mean the product or the picture; write `from 45° left` for another side of the product, or "
    "`rotate the picture 2° clockwise`"
)


def crop_of(lexemes: Sequence[Lexeme]) -> Edit:
    """A crop to a shape, an exact size, or shares of the sides."""
    for lexeme in lexemes:
        if lexeme.kind == "RATIO":
            ratio = _ratio(lexeme.value)
            _require_lies(ratio, {one.value for one in lexemes if one.kind == "ORIENTATION"})
            return Edit({("crop", "aspect"): ratio})
        if lexeme.kind == "SIZE":
            return Edit({("size_px",): _size(lexeme.value)})
    return Edit({("crop", edge): share for edge, share in _shares(lexemes)})


def _shares(lexemes: Sequence[Lexeme]) -> list[tuple[str, float]]:
    """(edge, share) of `10% off the top and 5% off the left`, or of `links und rechts 5 %`."""
    ordered = [lexeme for lexeme in lexemes if lexeme.kind in {"NUM", "SIDE", "UP", "DOWN", "EACH", "BOTH"}]
    if ordered[0].kind != "NUM":
        ordered.reverse()
    found: list[tuple[str, float]] = []
    share = 0.0
    for lexeme in ordered:
        if lexeme.kind == "NUM":
            share = round(lexeme.number / 100, 4)
            if not 0 < share <= 0.9:
                raise RefusedPhrase(f"a crop cuts 0% to 90% off a side, not {share:.0%}")
        elif lexeme.kind == "EACH":
            found += [(edge, share) for edge in EDGES]
        elif lexeme.kind == "BOTH":
            found += [("left", share), ("right", share)]
        elif lexeme.value in EDGES:
            found.append((lexeme.value, share))
        else:
            raise NoSuchPhrase
    return found


def _ratio(text: str) -> str:
    width, height = map(int, text.split(":"))
    if not (width and height and 0.1 <= width / height <= 10):
        raise RefusedPhrase("a crop has a ratio from 1:10 to 10:1, such as 4:5")
    return f"{width}:{height}"


def _require_lies(ratio: str, orientations: set[str]) -> None:
    """Raise RefusedPhrase where a ratio such as 4:5 is called landscape, or 3:2 portrait."""
    width, height = map(int, ratio.split(":"))
    against = {"portrait"} if width > height else {"landscape"}
    if wrong := orientations & against or (orientations if width == height else set()):
        lies = "square" if width == height else "landscape" if width > height else "portrait"
        raise RefusedPhrase(f"{ratio} is {lies}, not {sorted(wrong)[0]}; write the ratio that is meant, width first")


def lies_so(orientation: str, asks: Sequence[Ask]) -> bool:
    """Whether an edit gives the picture a shape that is called `portrait` or `landscape`."""
    for ask in asks:
        fields = ask.what.fields if isinstance(ask.what, Edit) else {}
        shape = fields.get(("crop", "aspect"), "").split(":") or fields.get(("size_px",), ())
        width, height = map(int, shape if len(shape) == 2 else fields.get(("size_px",), (1, 1)))
        if width != height:
            return (width > height) == (orientation == "landscape")
    return False


def _size(text: str) -> tuple[int, int]:
    width, height = map(int, text.split("x"))
    if not (16 <= width <= 20_000 and 16 <= height <= 20_000):
        raise RefusedPhrase("a picture is 16 to 20000 px wide and high")
    return width, height


def adjust_of(lexemes: Sequence[Lexeme]) -> Edit:
    """Brightness, contrast or sharpness, by the amount that is given or by a usual one."""
    noun = next(lexeme.kind for lexeme in lexemes if lexeme.kind in EDITED)
    degrees = [lexeme.kind for lexeme in lexemes if lexeme.kind in {"SLIGHTLY", "MUCH"}]
    signs = {
        "LESS" if lexeme.kind == "LESS" else "MORE" for lexeme in lexemes if lexeme.kind in {"MORE", "LESS", "ADD"}
    }
    ways = {lexeme.value for lexeme in lexemes if lexeme.kind == "ORIENTATION"}
    if len(degrees) > 1 or len(signs) > 1 or (noun == "PERSPECTIVE" and signs) or (noun != "PERSPECTIVE" and ways):
        raise NoSuchPhrase
    amounts = _amounts(lexemes)
    if noun == "PERSPECTIVE":
        return _perspective(amounts, degrees, ways)
    if any(lexeme.kind == "CORRECT" for lexeme in lexemes) and not amounts and not signs and not degrees:
        raise NoSuchPhrase  # `correct the brightness` says neither up nor down
    radius = [amounts.pop()[0]] if any(lexeme.kind == "RADIUS" for lexeme in lexemes) else []
    if len(amounts) > 1:
        raise NoSuchPhrase
    degrees = [] if amounts else degrees  # `a bit brighter (10%)`
    if amounts and noun in NOUNS and not signs and amounts[0][1:] == ("PCT", False) and amounts[0][0] >= 100:
        amounts[0] = (amounts[0][0] - 100, "PCT", True)  # `brightness 120%` is the whole
    elif (
        amounts and noun in NOUNS and not signs and amounts[0][1:] == ("PCT", False) and amounts[0][0] > WHOLE_FROM_PCT
    ):
        raise RefusedPhrase(f"write `{noun.lower()} to {amounts[0][0]:g}%`, or by how much it is to change")
    amounts, signs = _as_meant(noun, lexemes, amounts, signs)
    edit = ADJUSTED[noun](amounts[0] if amounts else None, degrees[0] if degrees else "", signs)
    if radius and ("sharpen", "amount") in edit.fields:
        if not 0.3 <= radius[0] <= 20:
            raise RefusedPhrase("sharpening has a radius from 0.3 to 20 px")
        edit.fields["sharpen", "radius_px"] = radius[0]
    return edit


def _as_meant(
    noun: str, lexemes: Sequence[Lexeme], amounts: list[tuple[float, str, bool]], signs: set[str]
) -> tuple[list[tuple[float, str, bool]], set[str]]:
    """The amounts and signs of `less brightness (-10%)`, which is 10% less, and of `contrastier`, which is more."""
    if amounts and amounts[0][0] < 0 and ("LESS" in signs or noun == "DARKER"):
        value, unit, signed = amounts[0]
        amounts = [(-value, unit, signed), *amounts[1:]]
    contrastier = any(lexeme.value == "more" and lexeme.kind == "CONTRAST" for lexeme in lexemes)
    return amounts, signs or ({"MORE"} if contrastier else set())


def _amounts(lexemes: Sequence[Lexeme]) -> list[tuple[float, str, bool]]:
    """(value, unit, whether a sign is written) of every number; the unit is `PCT`, `EV` or empty."""
    found = []
    for at, lexeme in enumerate(lexemes):
        if lexeme.kind == "NUM":
            unit = lexemes[at + 1].kind if at + 1 < len(lexemes) and lexemes[at + 1].kind in {"PCT", "EV"} else ""
            whole = "TO" in lexeme.before and unit == "PCT" and lexeme.number >= WHOLE_FROM_PCT
            found.append((lexeme.number - 100 * whole, unit, whole or lexeme.value[0] in "+-"))
    return found


Amount = tuple[float, str, bool] | None


def _brightness(amount: Amount, degree: str, signs: set[str], sign: float = 0.0) -> Edit:
    """Stops. 20% brighter is a factor of 1.2, which is log2(1.2) stops."""
    sign = sign or (-1.0 if "LESS" in signs else 1.0)
    if amount is None:
        if not degree and not signs:
            raise NoSuchPhrase
        return _stops(sign * BRIGHTER_EV[degree])
    value, unit, signed = amount
    if not unit and signed and abs(value) <= 3:
        unit = "EV"  # `exposure -1/3`
    if unit == "PCT":
        factor = 1 + sign * value / 100
        if factor <= 0:
            raise RefusedPhrase("no picture can become 100% darker; brightness goes from -3 to 3 EV")
        return _stops(math.log2(factor))
    if not unit:
        raise RefusedPhrase("brightness needs a unit, such as 20% or 0.5 EV")
    return _stops(sign * value)


def _stops(value_ev: float) -> Edit:
    if abs(value_ev) > 3:
        raise RefusedPhrase(f"brightness goes from -3 to 3 EV, and this is {value_ev:+.1f} EV")
    return Edit({("brightness_ev",): round(value_ev, DIGITS)})


def _brighter(amount: Amount, degree: str, signs: set[str]) -> Edit:
    if amount is None and not degree and not signs:
        return _stops(BRIGHTER_EV[""])
    return _brightness(amount, degree, signs, 1.0)


def _darker(amount: Amount, degree: str, signs: set[str]) -> Edit:
    if amount is None and not degree and not signs:
        return _stops(-BRIGHTER_EV[""])
    return _brightness(amount, degree, signs, -1.0)


def _contrast(amount: Amount, degree: str, signs: set[str]) -> Edit:
    """A factor: +10% is 1.1, and `contrast 1.2` is 1.2."""
    sign = -1.0 if "LESS" in signs else 1.0
    if amount is None:
        if not degree and not signs:
            raise NoSuchPhrase
        factor = 1 + sign * CONTRAST[degree]
    else:
        value, unit, signed = amount
        if unit == "EV":
            raise RefusedPhrase("contrast is a factor or a percentage, such as contrast +10%")
        share = value / 100 if unit == "PCT" else value
        factor = 1 + sign * share if unit == "PCT" or signed or signs else share
    if not 0.5 <= factor <= 2:
        raise RefusedPhrase(f"contrast goes from 0.5 to 2, and this is {factor:g}")
    return Edit({("contrast",): round(factor, DIGITS)})


def _sharpen(amount: Amount, degree: str, signs: set[str]) -> Edit:
    if "LESS" in signs:
        raise RefusedPhrase("there is no edit that blurs; `sharpen` goes from 0 to 3")
    value = SHARPEN[degree]
    if amount is not None:
        value = amount[0] / 100 if amount[1] == "PCT" else amount[0]
    if not 0 < value <= 3:
        raise RefusedPhrase(f"sharpening goes from 0 to 3, and this is {value:g}")
    return Edit({("sharpen", "amount"): round(value, DIGITS)})


def _perspective(amounts: Sequence[tuple[float, str, bool]], degrees: Sequence[str], ways: set[str]) -> Edit:
    """How much wider an edge becomes: the bottom one, as a camera needs that looked down, or the right one."""
    if len(amounts) > 1 or len(ways) > 1 or (amounts and degrees):
        raise NoSuchPhrase
    share = PERSPECTIVE[degrees[0] if degrees else ""]
    if amounts:
        value, unit, _ = amounts[0]
        share = value / 100 if unit == "PCT" else value
        if unit == "EV" or not 0 < abs(share) <= 0.5:
            raise RefusedPhrase("perspective widens an edge by up to 50%, such as `correct the perspective by 4%`")
    return Edit({("perspective", "horizontal" if ways == {"landscape"} else "vertical"): round(share, DIGITS)})


ADJUSTED = {
    "BRIGHTER": _brighter,
    "DARKER": _darker,
    "BRIGHTNESS": _brightness,
    "CONTRAST": _contrast,
    "SHARPEN": _sharpen,
}
EDITED = frozenset({*ADJUSTED, "PERSPECTIVE"})


def rotation_of(lexemes: Sequence[Lexeme]) -> Edit:
    """A turn of the picture; counter-clockwise is positive, as in shoot.yaml."""
    if any("PRODUCT" in lexeme.before for lexeme in lexemes) or any(lexeme.kind == "TURN" for lexeme in lexemes):
        raise RefusedPhrase(BY_PRODUCT)
    degrees = next(lexeme.number for lexeme in lexemes if lexeme.kind == "NUM")
    lexemes = [lexeme for lexeme in lexemes if not is_turned(lexeme, lexemes)]
    sideways = any(lexeme.kind == "SIDE" for lexeme in lexemes)
    if sideways and degrees > ROLL_AT_MOST_DEG and not any(PICTURE & set(lexeme.before) for lexeme in lexemes):
        raise RefusedPhrase(BY_PRODUCT)
    ways = {lexeme.value for lexeme in lexemes if lexeme.kind in {"SIDE", "CW", "CCW"}}
    if ways - {"left", "right", "clockwise", "counter-clockwise"}:
        raise NoSuchPhrase
    sign = -1.0 if ways & {"clockwise", "right"} else 1.0
    if not -180 <= degrees <= 180:
        raise RefusedPhrase(f"a picture is rotated by -180° to 180°, not {degrees:g}°")
    return Edit({("rotate_deg",): round(sign * degrees, DIGITS)})


def resize_of(lexemes: Sequence[Lexeme]) -> Edit:
    """A factor or an exact size."""
    for lexeme in lexemes:
        if lexeme.kind == "SIZE":
            return Edit({("size_px",): _size(lexeme.value)})
    factor = next(
        lexeme.number / (1 if lexeme.kind == "TIMES" else 100) for lexeme in lexemes if lexeme.kind in {"TIMES", "NUM"}
    )
    if not 0.1 <= factor <= 4:
        raise RefusedPhrase(f"a picture is resized by 10% to 400%, not {factor:.0%}")
    return Edit({("resize",): round(factor, DIGITS)})
