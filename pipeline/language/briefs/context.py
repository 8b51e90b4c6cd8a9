"""What tokens mean beside others: `3/4 view` is a three-quarter view, and `3/4` a ratio."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise, takewhile

from pipeline.language.briefs.lexeme import ENDS, PICTURES, QUALITIES, SWATCHES, Lexeme
from pipeline.language.briefs.lexicon import COURTESY, TALK
from pipeline.language.briefs.runs import CHANGES, CUTTING, kind_at, unit_after, with_runs

UPWARDS = frozenset({"up", "hoch"})
PICTURE_WORDS = PICTURES | {"picture", "image", "photo", "pic", "pics", "bild", "foto", "photographie"}
EDGE_VIEWS = {"top": "above", "bottom": "below"}
AIMED = QUALITIES | {"FROM", "SIDE", "UP", "NUM"}
MEASURES = frozenset({"EV", "PX", "DEG", "PCT"})
ALL = frozenset({"all", "alle", "every", "tous", "toutes"})
UNITS = frozenset({"EV", "PX"})


def in_context(read: Sequence[Lexeme]) -> list[Lexeme]:
    """The tokens, each with the kind and the value that it has there."""
    found = with_runs(read)
    for at in range(len(found)):
        changes = (rule(found, at) for rule in RULES)
        found[at] = next((changed for changed in changes if changed is not None), found[at])
    return found


def _round(found: Sequence[Lexeme], at: int) -> Lexeme | None:
    """`all around, eight views` says how many in another clause."""
    if found[at].kind != "ROUND" or {kind_at(found, at - 1), kind_at(found, at + 1)} & {"NUM", "VIEW", "EVERY"}:
        return None
    rest = list(takewhile(lambda one: one.kind != "STOP", found[at:]))
    if any(one.kind == "NUM" and other.kind == "VIEW" for one, other in pairwise(rest)):
        return replace(found[at], kind=COURTESY)
    before = list(takewhile(lambda one: one.kind not in {"COMMA", "STOP"}, reversed(found[:at])))
    clause = {one.kind for one in [*before, *takewhile(lambda one: one.kind not in {"COMMA", "STOP"}, rest[1:])]}
    alone = clause <= {COURTESY, TALK, "PRODUCT", "VIEW", "FROM", "ON", "MAKE", "AND", *SWATCHES, "BACKDROP"}
    return replace(found[at], kind="QUARTERS", value="round") if alone else None


def _ratio(found: Sequence[Lexeme], at: int) -> Lexeme | None:
    """`3/4 left` and its character are three-quarter views; `crop 3/4` and `square` are ratios."""
    one = found[at]
    around = {kind_at(found, at - 1), kind_at(found, at + 1)}
    three_quarters = one.value in {"3/4", "0.75"} and around & {"VIEW", "SIDE"} and not around & {"CROP", "EV"}
    if three_quarters and one.kind in {"RATIO", "NUM"}:
        return replace(one, kind="THREEQ", value="3:4")
    if one.kind == "RATIO" and "/" in one.value:
        return replace(one, value=one.value.replace("/", ":"))
    return replace(one, kind="RATIO") if one.kind == "SQUARE" else None


def _light(found: Sequence[Lexeme], at: int) -> Lexeme | None:
    """`put the lamp on oak` is about a product; `autumn light` and `un éclairage du soir` are moods."""
    one = found[at]
    before, after = kind_at(found, at - 1), kind_at(found, at + 1)
    following = [each.kind for each in found[at + 1 : at + 6] if each.kind not in {COURTESY, "ON", "FROM", "TO"}]
    aimed = {before, after, *following[:1]} & (AIMED | QUALITIES) and following[:1] not in (["THREEQ"], ["VIEW"])
    if one.value == "lamp" and not aimed:
        return replace(one, kind="PRODUCT", value="product")
    if one.kind == "LIGHT" and before == "MOOD" and after not in AIMED:
        return replace(one, kind="MOODWORD")
    return replace(one, kind=COURTESY) if one.kind == "LIGHT" and _names_mood(found, at) else None


def _shadow(found: Sequence[Lexeme], at: int) -> Lexeme | None:
    """`ombre légère` is a faint shadow, `Schatten: stark` a strong one, and `shadow off` none."""
    one = found[at]
    before = kind_at(found, at - 2) if kind_at(found, at - 1) == "COLON" else kind_at(found, at - 1)
    if before != "SHADOW" or kind_at(found, at + 1) not in ENDS | ({"TO", "FROM"} if one.value == "slight" else set()):
        return None
    if one.kind == "MUCH":
        return replace(one, kind="STRONG")
    if one.kind == "SLIGHTLY":
        return replace(one, kind="FAINT")
    return replace(one, kind="NO") if one.value == "off" else None


def _quality(found: Sequence[Lexeme], at: int) -> Lexeme | None:
    """`den Kontrast um 10 % stärker` is more of it."""
    if found[at].kind == "SHARPEN" and kind_at(found, at + 1) == "SHADOW":
        return replace(found[at], kind="HARD")  # `a sharper shadow`
    more = {"STRONG": "MORE", "FAINT": "LESS"}.get(found[at].kind)
    before = [one.kind for one in found[max(0, at - 7) : at] if one.kind not in {COURTESY, "FROM"}]
    amount = before[-3:] in (["CONTRAST", "NUM", "PCT"], ["BRIGHTNESS", "NUM", "PCT"], ["SHARPEN", "NUM", "PCT"])
    return replace(found[at], kind=more) if more and amount else None


def _graded(found: Sequence[Lexeme], at: int) -> Lexeme | None:
    """`a gentle fade from white to blue`: a gradient has no degree."""
    grades = found[at].kind in {*QUALITIES, "SLIGHTLY"} and kind_at(found, at + 1) == "GRADIENT"
    return replace(found[at], kind=COURTESY) if grades else None


def _number(found: Sequence[Lexeme], at: int) -> Lexeme | None:
    """`alle` counts steps before a number only; `a quick one` counts nothing; `il` is a stop after a number only."""
    one = found[at]
    if one.value == "between" and one.kind == "LIMIT" and kind_at(found, at + 1) == "NUM":
        return replace(one, kind=COURTESY)
    if one.kind == "EVERY" and (kind_at(found, at + 1) != "NUM" or unit_after(found, at + 1) != "DEG"):
        return replace(one, kind=COURTESY)
    together = one.kind == "NUM" and at and found[at - 1].kind == COURTESY and found[at - 1].value in ALL
    if together and not {unit_after(found, at), kind_at(found, at + 1)} & (MEASURES | {"VIEW"}):
        return replace(one, kind=COURTESY)  # `all three`, `toutes les deux`
    if one.kind == "NUM" and one.value == "1.0" and unit_after(found, at) not in MEASURES:
        return replace(one, kind=COURTESY)
    counted = any(each.kind in {"NUM", "RATIO"} for each in found[max(0, at - 3) : at])
    return replace(one, kind=COURTESY) if one.kind in UNITS and not counted else None


def _direction(found: Sequence[Lexeme], at: int) -> Lexeme | None:
    """`30° up` is a height; `- top` in a list is a view, and no edge of the picture."""
    one = found[at]
    if one.value in UPWARDS and one.kind == COURTESY and kind_at(found, at - 1) == "DEG":
        return replace(one, kind="UP", value="above")
    edge = one.kind in {"UP", "DOWN"} and one.value in EDGE_VIEWS
    return replace(one, value=EDGE_VIEWS[one.value]) if edge and _is_item(found, at) else None


def _size(found: Sequence[Lexeme], at: int) -> Lexeme | None:
    """`reduce all images to 70%` is about their size."""
    resizes = found[at].kind in {"LESS", "MORE"} and _is_resize(found, at)
    return replace(found[at], kind="RESIZE") if resizes else None


def _cut(found: Sequence[Lexeme], at: int) -> Lexeme | None:
    """`schneidet unten 8 % weg` is one cut, and `price sticker off` removes it."""
    one = found[at]
    ends = kind_at(found, at + 1) in ENDS
    if one.kind == "FROM" and one.value == "off" and ends and kind_at(found, at - 1) == "PART":
        return replace(one, kind="REMOVE", value="remove")
    before = [each.kind for each in takewhile(lambda each: each.kind not in {"COMMA", "STOP"}, reversed(found[:at]))]
    if one.value in {"(", ")"}:  # `brighter (10%)`
        amount = found[at + 1 : at + 3] if one.value == "(" else found[max(0, at - 2) : at]
        changed = {each.kind for each in found[max(0, at - 5) : at]} & CHANGES
        measured = [each.kind for each in amount] in (["NUM", "PCT"], ["NUM", "EV"])
        return replace(one, kind=COURTESY) if changed and measured else None
    cut = one.kind == "REMOVE" and ends and "CROP" in before and "PCT" in before and "PART" not in before
    return replace(one, kind=COURTESY) if cut else None


def _removed(found: Sequence[Lexeme], at: int) -> Lexeme | None:
    """`drop the shadow` removes it; `all four sides` are edges where something is cut off, and elsewhere views."""
    following = [one.kind for one in found[at + 1 :] if one.kind not in {COURTESY, TALK}]
    if found[at].value in {"drop", "forget"} and following[:1] == ["SHADOW"]:
        return replace(found[at], kind="REMOVE")
    cut = any(one.kind in CUTTING for one in found[max(0, at - 6) : at + 6])
    return replace(found[at], kind="EACH") if found[at].kind == "QUARTERS" and cut else None


def _bracket(found: Sequence[Lexeme], at: int) -> Lexeme | None:
    """Brackets that divide nothing: `brighter (about 15%)`, `a gradient from cream (top) to brown (bottom)`."""
    if found[at].kind != "AND" or found[at].value not in {"(", ")"}:
        return None
    inside = [one.kind for one in found[at + 1 :] if one.kind not in {COURTESY, TALK}]
    amount = found[at].value == "(" and inside[:2] in (["NUM", "PCT"], ["NUM", "EV"])
    before = takewhile(lambda one: one.kind not in {"COMMA", "STOP"}, reversed(found[:at]))
    beside = {kind_at(found, at - 1), kind_at(found, at + 1)} & {"UP", "DOWN"}
    graded = bool(beside) and any(one.kind == "GRADIENT" for one in before)
    return replace(found[at], kind=COURTESY) if amount or graded else None


def _plain(found: Sequence[Lexeme], at: int) -> Lexeme | None:
    """`einfach von vorn` says nothing of the backdrop."""
    if found[at].kind != "PLAIN":
        return None
    backed = SWATCHES | {"BACKDROP", "GRADIENT", "PLAIN"}
    following = next((one.kind for one in found[at + 1 :] if one.kind not in {COURTESY, TALK}), "")
    return None if {kind_at(found, at - 1), following} & backed else replace(found[at], kind=COURTESY)


def _bit(found: Sequence[Lexeme], at: int) -> Lexeme | None:
    """`bit more contrast` without its article."""
    if (
        found[at].value in {"way", "super"}
        and found[at].kind == COURTESY
        and kind_at(found, at + 1) in CHANGES | QUALITIES
    ):
        return replace(found[at], kind="MUCH", value="much")
    degree = found[at].value == "bit" and found[at].kind == COURTESY
    changed = kind_at(found, at + 1) in CHANGES | QUALITIES | {"MORE", "LESS"}
    return replace(found[at], kind="SLIGHTLY", value="slightly") if degree and changed else None


def _and(found: Sequence[Lexeme], at: int) -> Lexeme | None:
    """`the light from the left and hard` is one phrase; `and hard shadows` is another one."""
    if found[at].kind != "AND":
        return None
    following = [one.kind for one in found[at + 1 : at + 5] if one.kind not in {COURTESY, "SLIGHTLY", "MUCH"}]
    before = list(takewhile(lambda one: one.kind not in {"COMMA", "STOP"}, reversed(found[:at])))
    lamp = {one.kind for one in before if one.kind not in {COURTESY, TALK, "FROM", "TO", "ON", "MAKE"}}
    lit = bool(lamp & {"LIGHT", "SHADOW"}) and lamp <= AIMED | {"LIGHT", "SHADOW", "SLIGHTLY", "MUCH", "DEG", "AND"}
    ends = following[:1] and following[0] in QUALITIES and (len(following) == 1 or following[1] in ENDS)
    return replace(found[at], kind=COURTESY) if lit and ends else None


def _turn(found: Sequence[Lexeme], at: int) -> Lexeme | None:
    """`straighten it by rotating it 2 degrees` is one turn."""
    following = [one.kind for one in found[at + 1 :] if one.kind not in {COURTESY, "VIEW", "PRODUCT", "FROM", "TO"}]
    twice = found[at].kind == "ROTATE" and following[:3] == ["ROTATE", "NUM", "DEG"]
    return replace(found[at], kind=COURTESY) if twice else None


RULES: tuple[Callable[[Sequence[Lexeme], int], Lexeme | None], ...] = (
    _round, _ratio, _light, _shadow, _quality, _graded, _number, _direction, _size, _cut, _removed, _bracket,
    _turn, _bit, _plain, _and,
)  # fmt: skip


def _names_mood(found: Sequence[Lexeme], at: int) -> bool:
    """Whether `light` only names the mood after it: `un éclairage chaud du soir`."""
    following = [one.kind for one in found[at + 1 : at + 4] if one.kind not in {"FROM", COURTESY, "TONE"}]
    return following[:1] == ["MOOD"] and found[at + 1].kind in {"FROM", "TONE"}


def _is_item(found: Sequence[Lexeme], at: int) -> bool:
    """Whether `top` is an item of a list of views, and no edge of a picture: `- top`, `front, back, top on oak`."""
    edge = found[at - 1].value == "(" and kind_at(found, at - 2) in SWATCHES  # `from white (top) to grey (bottom)`
    edge = edge or [one.value for one in found[max(0, at - 2) : at]] in (["at", "the"], ["a", "the"])
    begins = at == 0 or _before_courtesy(found, at) in ENDS | {"COLON"}
    following = [one.kind for one in found[at + 1 : at + 4] if one.kind != COURTESY]
    ends = not following or following[0] in ENDS | {"ON"}
    cut = any(one.kind in CUTTING | {"GRADIENT"} for one in found[max(0, at - 6) : at + 6])
    return begins and ends and not cut and not edge


def _before_courtesy(found: Sequence[Lexeme], at: int) -> str:
    return next((one.kind for one in reversed(found[:at]) if one.kind not in {COURTESY, TALK}), "STOP")


def _is_resize(found: Sequence[Lexeme], at: int) -> bool:
    """Whether `reduce` means the size: `reduce all images to 70%`."""
    clause = list(takewhile(lambda one: one.kind not in {"COMMA", "STOP"}, found[at:]))
    kinds = [one.kind for one in clause]
    if {"BRIGHTNESS", "CONTRAST", "SHARPEN", "BRIGHTER", "DARKER"} & set(kinds) or "NUM" not in kinds:
        return False
    number = kinds.index("NUM")
    whole = clause[number - 1].kind == "TO" or clause[number - 1].value in {"to", "a", "auf"}
    pictured = any(one.value in PICTURE_WORDS for one in clause[:number])
    return whole and pictured and kinds[number + 1 : number + 2] == ["PCT"]
