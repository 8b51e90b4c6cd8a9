"""The corpus of briefs, and what the grammar makes of it.

Each brief of `corpus/*.yaml` has a style, a language and a text, and what the plan must be: `shoot`, `routes`,
`alters` and `refused`, or `error`, words of the error. Angles and backdrops that are only a name are the shoot's own;
others are `{name: [azimuth, elevation]}`, `{name: colour}`, `{name: [top, bottom]}` and `{name: prompt}`.
`edits: {all: ...}` stands for every angle of the plan. `light` has only the fields that change. What new angles and
backdrops are called does not count. `routes` has the routes that are not the usual one of their target. `alters` has
words of the wishes that would alter the product, one each.

`refused` has phrases that are refused, in however many pieces: each of them contains a refused text or lies in one,
word for word, and so does each refused text with a phrase. Words that ask for nothing may be noted instead of refused,
and where all is refused, an error may quote them. `vocabulary` is `inside` or `outside` where the author said whether
docs/briefs.md has all words of the brief.
"""

import re
from functools import cache
from pathlib import Path

import yaml

from pipeline.core.backdrops import Backdrop
from pipeline.core.domain import Angle
from pipeline.core.errors import BadInput
from pipeline.language.briefs import grammar
from pipeline.language.briefs.plan import EditPlan, Overlay
from pipeline.request import known_of
from pipeline.shoot import parse_shoot

ROOT = Path(__file__).parents[3]
CORPUS = Path(__file__).parent / "corpus"
PARTS = (
    "tuned", "kept", "tuned2", "kept2", "kept3", "kept4",
    "strangers_tuned", "strangers_kept", "strangers2_kept", "strangers3", "strangers4", "strangers5",
    "strangers6",
    "strangers7",
)  # fmt: skip
UNREAD: frozenset[str] = frozenset()
"""Parts that only are counted: nobody who tunes the grammar has read them, or what it makes of them."""
WORD = re.compile(r"[^\W_]+|[%°]")
SHOOT = ROOT / "examples" / "collection" / "mug-001" / "shoot.yaml"


KNOWN = known_of(parse_shoot(SHOOT.read_bytes(), SHOOT))


@cache
def corpus(name: str) -> list[dict]:
    return yaml.load((CORPUS / f"{name}.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader)


@cache
def plan_or_error(text: str) -> EditPlan | BadInput:
    """What the grammar makes of a brief for the sample mug; each brief is read once per session."""
    try:
        return grammar.read(text, KNOWN, grammar.Params(), lambda usd: None)
    except BadInput as error:
        return error


def expected_overlay(brief: dict) -> Overlay:
    """The overlay that a brief of the corpus must give."""
    shoot = dict(brief.get("shoot") or {})
    angles = [_angle(entry) for entry in shoot.get("angles", ())]
    names = [angle["name"] for angle in angles] or [angle.name for angle in KNOWN.angles]
    edits = dict(shoot.get("edits") or {})
    common = edits.pop("all", {})
    every = {name: {**common, **edits.get(name, {})} for name in names if common or name in edits}
    light = KNOWN.light.model_copy(update=shoot["light"]) if "light" in shoot else None
    return Overlay.model_validate(
        {
            "angles": angles,
            "backdrops": [_backdrop(entry) for entry in shoot.get("backdrops", ())],
            "channels": shoot.get("channels", ()),
            "light": light,
            "edits": every,
        }
    )


def _angle(entry) -> dict:
    if isinstance(entry, str):
        return next(angle for angle in KNOWN.angles if angle.name == entry).model_dump()
    ((name, (azimuth_deg, elevation_deg)),) = entry.items()
    return {"name": name, "azimuth_deg": azimuth_deg, "elevation_deg": elevation_deg}


def _backdrop(entry) -> dict:
    if isinstance(entry, str):
        return next(backdrop for backdrop in KNOWN.backdrops if backdrop.name == entry).model_dump()
    ((name, value),) = entry.items()
    if isinstance(value, dict):
        return {"name": name, "kind": "diffusion", **value}
    if isinstance(value, list):
        return {"name": name, "kind": "gradient", "colour": value[0], "to_colour": value[1]}
    if value.startswith("#"):
        return {"name": name, "kind": "solid", "colour": value}
    return {"name": name, "kind": "diffusion", "prompt": value}


def expected_routes(brief: dict, overlay: Overlay) -> dict[str, set]:
    routes = {}
    meant = expected_overlay(brief)
    names = {
        f"backdrops.{old.name}": f"backdrops.{new.name}"
        for old, new in zip(meant.backdrops, overlay.backdrops, strict=True)
    }
    given_routes = {names.get(target, target): route for target, route in (brief.get("routes") or {}).items()}
    for target in overlay.targets:
        group, _, name = target.partition(".")
        usual = {"angles": None, "edits": "exact_edit"}.get(group, "setting")
        if group == "backdrops" and next(b for b in overlay.backdrops if b.name == name).kind == "diffusion":
            usual = "inpaint"
        given = given_routes.get(target, usual)
        routes[target] = set(given) if isinstance(given, list) else {given}
    return routes


def differences(brief: dict) -> list[str]:
    """How the grammar's plan differs from the one in the corpus; empty: not at all."""
    plan = plan_or_error(brief["text"])
    if isinstance(plan, BadInput):
        wanted = [brief["error"]] if "error" in brief else brief.get("refused") or ()
        nothing_meant = not brief.get("shoot") and not brief.get("alters")
        all_said = wanted and nothing_meant and all(word in str(plan) for word in wanted)
        return [] if all_said else [f"error: {plan}"]
    if "error" in brief:
        return [f"no error, but {plan.model_dump(exclude_defaults=True)}"]
    return _against(plan, brief)


def _against(plan: EditPlan, brief: dict) -> list[str]:
    found = []
    wanted = renamed(expected_overlay(brief), plan.shoot)
    if wanted != plan.shoot:
        found.append(f"shoot: {plan.shoot.model_dump(exclude_defaults=True)}")
    routes: dict[str, set] = {}
    for wish in plan.wishes:
        if not wish.alters_product:
            routes.setdefault(wish.target, set()).add(wish.route)
    if wanted == plan.shoot and routes != expected_routes(brief, wanted):
        found.append(f"routes: {routes}")
    alters = [wish.text for wish in plan.wishes if wish.alters_product]
    words = brief.get("alters") or []
    if len(words) != len(alters) or not all(word in text for word, text in zip(words, alters, strict=True)):
        found.append(f"alters: {alters}")
    if any(_refusals_apart(brief, plan)):
        found.append(f"refused: {[refused.text for refused in plan.refused]}")
    return found


def _refusals_apart(brief: dict, plan: EditPlan) -> tuple[list[str], list[str]]:
    """The phrases of the brief that the plan neither refuses nor notes, and the texts that it refuses beside them."""
    phrases, texts = brief.get("refused") or [], [refused.text for refused in plan.refused]
    missing = [phrase for phrase in phrases if not any(_overlap(phrase, text) for text in texts)]
    beside = [text for text in texts if not any(_overlap(phrase, text) for phrase in phrases)]
    return [phrase for phrase in missing if not _is_noted(phrase, plan)], beside


def _overlap(phrase: str, text: str) -> bool:
    """Whether all words of one of them stand in the other, in that order and nothing between."""
    one, other = (" ".join(["", *WORD.findall(each.casefold()), ""]) for each in (phrase, text))
    return one in other or other in one


def _is_noted(word: str, plan: EditPlan) -> bool:
    return any(word in note for note in plan.notes if note.startswith(grammar.SETS_NOTHING))


def read(text: str) -> EditPlan:
    """The grammar's plan of a brief for the sample mug. Raises BadInput as the grammar does."""
    plan = plan_or_error(text)
    if isinstance(plan, BadInput):
        raise plan
    return plan


def shown(text: str) -> tuple[list[str], list[str]]:
    """The names of the angles and of the backdrops that a brief sets; a painted backdrop is called by its prompt."""
    shoot = read(text).shoot
    return [angle.name for angle in shoot.angles], [one.prompt or one.name for one in shoot.backdrops]


def renamed(overlay: Overlay, as_in: Overlay) -> Overlay:
    """The overlay, whose new angles and backdrops are called as in the other overlay, if that has the same."""
    angles = {_angle_of(angle): angle.name for angle in as_in.angles}
    names = {angle.name: angles.get(_angle_of(angle), angle.name) for angle in overlay.angles}
    backdrops = {_backdrop_of(backdrop): backdrop.name for backdrop in as_in.backdrops}
    return overlay.model_copy(
        update={
            "angles": tuple(angle.model_copy(update={"name": names[angle.name]}) for angle in overlay.angles),
            "backdrops": tuple(
                each.model_copy(update={"name": backdrops.get(_backdrop_of(each), each.name)})
                for each in overlay.backdrops
            ),
            "edits": {names.get(name, name): edits for name, edits in overlay.edits.items()},
        }
    )


def _angle_of(angle: Angle) -> tuple[float, float]:
    return angle.azimuth_deg, angle.elevation_deg


def _backdrop_of(backdrop: Backdrop) -> str:
    return backdrop.model_dump_json(exclude={"name"})


def verdict(brief: dict) -> str:
    """`exact`, or how the grammar's plan falls short of the one in the corpus.

    `wrong`: it sets something that was not meant. `lost`: words do not show that it should have refused, or a wish is
    missing without a refusal. `refused`: it refuses wishes. `set`: all is set as meant, and words beside are refused.
    """
    if not differences(brief):
        return "exact"
    plan = plan_or_error(brief["text"])
    if isinstance(plan, BadInput):
        return "refused"
    overlay = expected_overlay(brief)
    wanted, found = _settings(overlay), _settings(plan.shoot)
    merged = found == wanted and len(plan.shoot.backdrops) != len(overlay.backdrops)
    if merged or not found <= wanted:
        return "wrong"
    missing, beside = _refusals_apart(brief, plan)
    alters = [wish.text for wish in plan.wishes if wish.alters_product]
    unseen = missing or any(all(word not in text for text in alters) for word in brief.get("alters") or ())
    if unseen or (len(found) < len(wanted) and not beside):
        return "lost"
    return "set" if found == wanted else "refused"


def _settings(overlay: Overlay) -> set[str]:
    """Each setting of an overlay, angles and backdrops by what they are instead of their names."""
    angles = {angle.name: f"{angle.azimuth_deg:g} {angle.elevation_deg:g}" for angle in overlay.angles}
    found = {f"angle {angle}" for angle in angles.values()} | {f"channel {name}" for name in overlay.channels}
    for backdrop in overlay.backdrops:
        plain = backdrop.model_dump(exclude={"name", "prompt"}, exclude_defaults=True)
        found |= {f"backdrop {plain} {words}" for words in (backdrop.prompt or "").split(", ")}
    if overlay.light:
        usual = KNOWN.light.model_dump()
        found |= {
            f"light {name} {value:g}" for name, value in overlay.light.model_dump().items() if value != usual[name]
        }
    for name, edits in overlay.edits.items():
        for field in edits.model_dump(exclude_defaults=True).items():
            found.add(f"edit {field} of {angles.get(name, name) if overlay.angles else name}")
    return found
