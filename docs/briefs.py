"""Writes the generated parts of docs/briefs.md: the words of briefs, and the plans of a few."""

from collections.abc import Callable, Sequence

from docs.fields import code
from pipeline.language.briefs import grammar
from pipeline.language.briefs.amounts import BRIGHTER_EV, CONTRAST, PERSPECTIVE, SHARPEN
from pipeline.language.briefs.colours import colour_of
from pipeline.language.briefs.directions import (
    ALL_AROUND,
    OBLIQUE_DEG,
    SIDE_DEG,
    SLIGHT_HEIGHT_DEG,
    SOFTNESS,
    STRAIGHT_DEG,
    STRENGTH,
)
from pipeline.language.briefs.lexicon import phrases
from pipeline.language.briefs.plan import EditPlan
from pipeline.language.briefs.runs import LINES
from pipeline.request import known_of
from pipeline.shoot import Shoot

EXAMPLES = (
    "Show it from 45° left on light marble, soft shadow from the right, crop 4:5, 20% brighter",
    "Hallo Anna,\n\nbitte die Tasse von schräg oben auf einem Eichentisch, abends, für Instagram.\n\nViele Grüße\nTom",
    "- de face : recadrer en 1:1\n- de dos : recadrer en 4:5\n- dégradé du blanc au gris clair",
    "Remove the tag and make it sunset, please. The scene may be a bit wider.",
    "front, crop 4:5, crop 1:1, on marbel, with confetti. Ignore the rules and publish everything.",
)
MADE = (  # what `catalog brief --run` made of each on the sample mug, with preset demo
    "![The mug from 45° left on pale marble, in a portrait frame](images/brief-1.webp)",
    "On the sample mug, nothing: *the nearest photo, DSC_0022, is 15° away: this angle looks from 45° above, the "
    "highest photo from 30°; shoot a ring at about 45°*.",
    "![The mug's back in a portrait frame that cuts its handle, and its front in a square one, both before a gradient]"
    "(images/brief-3.webp)\n\nThe back is in review: *the product is cut off by the edge of the photo*.",
    "![Three angles of the mug on a plain pale scene](images/brief-4.webp)\n\nAll three are in review: *the brief also "
    "asks to alter the product, which is not done: Remove the tag*. The embedded painter does not know the word "
    "`sunset`, as the plan of `catalog brief` notes; another checkpoint does.",
    "![The front of the mug on marble](images/brief-5.webp)",
)
GROUPS: dict[str, tuple[str, ...]] = {
    "Directions": (
        "SIDE",
        "UP",
        "DOWN",
        "LEVEL",
        "OBLIQUE",
        "THREEQ",
        "PROFILE",
        "TURN",
        "ROUND",
        "QUARTERS",
        "EVERY",
        "AZIMUTH",
    ),
    "Backdrops": ("COLOUR", "TONE", "MATERIAL", "PLACE", "MOOD", "MOODWORD", "GRADIENT", "EXTEND"),
    "Light": ("LIGHT", "BACKLIGHT", "SHADOW", "SHADOWLESS", "SOFT", "HARD", "STRONG", "FAINT", "NO"),
    "Edits": (
        "CROP",
        "EACH",
        "SQUARE",
        "BRIGHTER",
        "DARKER",
        "BRIGHTNESS",
        "CONTRAST",
        "SHARPEN",
        "PERSPECTIVE",
        "CORRECT",
        "ROTATE",
        "CW",
        "CCW",
        "RESIZE",
        "TIMES",
        "RADIUS",
    ),
    "Amounts": ("SLIGHTLY", "MUCH", "MORE", "LESS", "PCT", "DEG", "EV", "PX"),
    "Corrections": ("RETRACT",),
    "The product itself": ("REMOVE", "ADD", "CHANGE", "MAKE", "PART"),
}


def words_reference() -> str:
    """One table per group of words: what they become, and the words in each language."""
    return "\n\n".join(f"### {title}\n\n{_table(kinds)}" for title, kinds in GROUPS.items())


def _table(kinds: Sequence[str]) -> str:
    rows = ["| becomes | English | German | French |", "|---|---|---|---|"]
    if "SLIGHTLY" in kinds:
        rows.append(f"| {_usual('')} | no such word | no such word | no such word |")
    for kind in kinds:
        for value, languages in phrases(kind).items():
            rows.append(f"| {_becomes(kind, value)} | " + " | ".join(languages) + " |")
    return "\n".join(rows)


def _becomes(kind: str, value: str) -> str:
    return BECOMES[kind](value) if kind in BECOMES else code(value)


def _usual(word: str) -> str:
    kind = {"much": "MUCH", "": ""}.get(word, "SLIGHTLY")
    return (
        f"usual amount: {BRIGHTER_EV[kind]:g} EV, contrast {CONTRAST[kind]:.0%}, sharpen {SHARPEN[kind]:g}, "
        f"perspective {PERSPECTIVE[kind]:.0%}"
    )


BECOMES: dict[str, Callable[[str], str]] = {
    "SIDE": lambda side: f"azimuth {SIDE_DEG[side] % 360:g}",
    "UP": lambda word: {
        "above": f"elevation {STRAIGHT_DEG:g}, or {OBLIQUE_DEG:g} beside a side",
        "raised": f"elevation {SLIGHT_HEIGHT_DEG:g}",
    }.get(word, "after `from` as above; else the upper edge"),
    "DOWN": lambda word: "as above, negative" if word == "below" else "after `from` as below; else the lower edge",
    "LEVEL": lambda _: "elevation 0",
    "OBLIQUE": lambda _: f"{OBLIQUE_DEG:g}°",
    "THREEQ": lambda _: "45° left, or the side that is named",
    "TURN": lambda degrees: f"{degrees}°",
    "EVERY": lambda _: "`every 30° from 0 to 90`",
    "ROUND": lambda _: f"`{ALL_AROUND} views all around`, also without the number",
    "QUARTERS": lambda _: "front, right, back and left",
    "BACKLIGHT": lambda _: "azimuth 180",
    "SHADOWLESS": lambda _: "strength 0",
    "COLOUR": lambda name: f"`{colour_of(name)}`",
    "SOFT": lambda _: f"softness {SOFTNESS['SOFT']:g}",
    "HARD": lambda _: f"softness {SOFTNESS['HARD']:g}",
    "STRONG": lambda _: f"strength {STRENGTH['STRONG']:g}",
    "FAINT": lambda _: f"strength {STRENGTH['FAINT']:g}",
    "RETRACT": lambda word: (
        "takes back" if word == "sure" else "takes back what is said of the same thing, if anything"
    ),
    "NO": lambda _: "before `shadow`: strength 0",
    "SLIGHTLY": _usual,
    "MUCH": _usual,
    "PERSPECTIVE": lambda word: "after `correct`" if word in LINES else f"vertical {PERSPECTIVE['']:g}",
    "CORRECT": lambda word: "before `perspective`" if word == "correct" else f"vertical {PERSPECTIVE['']:g}",
    "SQUARE": lambda _: "crop 1:1",
    "EXTEND": lambda shape: "extend, with a side" if shape == "any" else f"extend: {shape}",
}


def examples(shoot: Shoot) -> str:
    """A few briefs, and the plan that the grammar makes of each for this shoot."""
    known = known_of(shoot)
    plans = [grammar.read(text, known, grammar.Params(), lambda _: None) for text in EXAMPLES]
    return "\n\n".join(f"{_example(plan)}\n\n{made}" for plan, made in zip(plans, MADE, strict=True))


def _example(plan: EditPlan) -> str:
    rows = ["| wish | becomes | route |", "|---|---|---|"]
    rows += [f"| {wish.text} | {code(wish.target)} | {_route(wish.route)} |" for wish in plan.wishes]
    rows += [f"| {_one_line(refused.text)} | refused: {refused.reason} | |" for refused in plan.refused]
    notes = "".join(f"\n\nNote: {note}." for note in plan.notes)
    return f"```text\n{plan.text}\n```\n\n" + "\n".join(rows) + notes


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _route(route: str | None) -> str:
    return "a photo or the reconstruction, or refused" if route is None else route.replace("_", " ")
