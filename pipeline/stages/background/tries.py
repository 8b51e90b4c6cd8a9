"""Paints a backdrop, looks at it behind its product, and tries again where checks failed: other seed, then settings.

All backdrops that are still wanted are painted in rounds, so that an engine that paints in batches still does.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from pipeline.contract.artifact import Artifact
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen
from pipeline.core.records import Check, load_list
from pipeline.diffusion.painting.registry import varied
from pipeline.stages.background.asset import ASSET, AssetInputs, AssetOutputs, AssetParams, AssetReport, Batch, given
from pipeline.stages.background.choice import (
    CHOICE,
    ChoiceInputs,
    ChoiceOutputs,
    ChoiceParams,
    ChoiceReport,
    mean_score,
)
from pipeline.stages.background.look import LOOK, LookInputs, LookOutputs, LookParams
from pipeline.stages.background.wording import WORDING, RewriteParams, WordingInputs, WordingOutputs, WordingParams

SETTINGS_FROM = 3  # the try that also changes settings and wording; the second has another seed only


class SharedSet(NamedTuple):
    """A painted backdrop that one or several angles share, and their pictures; `scene`: the prompt of shoot.yaml."""

    backdrop: str
    files: AssetInputs
    asset: AssetParams
    scene: str
    pictures: Mapping[str, Artifact]

    @property
    def name(self) -> str:
        """The item's name: that of the first angle and the backdrop."""
        return f"{next(iter(self.pictures))}/{self.backdrop}"


class Rules(NamedTuple):
    """How often to try, what to compare a picture with, and who words a prompt again. `look`: without a prompt."""

    tries: int
    look: LookParams
    rewrite: RewriteParams | None = None


class TryReport(Frozen):
    """One try for the angles of a backdrop. `settings`: the engine's that differ from those of the first try.

    `score`: mean over the angles, 0 if all checks passed. `failed`: each angle's failed checks, in words.
    """

    backdrop: str
    angles: tuple[str, ...]
    number: int
    seed: int | None
    prompt: str
    settings: dict[str, Any] = {}
    score: float
    prompt_likeness: dict[str, float] = {}
    failed: dict[str, tuple[str, ...]] = {}
    chosen: bool = False


class Kept(NamedTuple):
    """The chosen try of an angle's backdrop. `checks`: those that only a look can do."""

    backdrop: Artifact
    asset: AssetParams
    made: AssetReport
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Try:
    """One painted backdrop and what its looks found, by angle; `wording`: where a model wrote its prompt."""

    asset: AssetParams
    made: AssetOutputs
    looks: Mapping[str, LookOutputs]
    wording: Artifact | None

    @property
    def passed(self) -> bool:
        """Whether the checks of every angle passed."""
        return all(look.report.passed for look in self.looks.values())


@dataclass
class _Course:
    """A shared set and its tries so far."""

    shared_set: SharedSet
    tries: list[Try] = field(default_factory=list)


class Outcome(NamedTuple):
    """What was kept for every path `<angle>/<backdrop>`, every try, and the paths for which none passed."""

    kept: dict[str, Kept]
    tries: tuple[TryReport, ...]
    unsatisfied: tuple[str, ...]


def paint_and_look(shared_sets: Sequence[SharedSet], rules: Rules, work: Work) -> Outcome:
    """Paint every set until its checks pass or the tries are used up, and keep the best of each."""
    courses = [_Course(shared_set) for shared_set in shared_sets]
    pending = courses
    for number in range(1, rules.tries + 1):
        _round(pending, number, rules, work)
        pending = [course for course in pending if not course.tries[-1].passed]
    kept: dict[str, Kept] = {}
    reports: list[TryReport] = []
    unsatisfied: list[str] = []
    for course in courses:
        for angle in course.shared_set.pictures:
            path = f"{angle}/{course.shared_set.backdrop}"
            choice = _chosen(course, path, work)
            best = course.tries[choice.report.chosen - 1]
            only_here = tuple(check for check in _checks(best, angle, work) if check.name == "prompt_likeness")
            kept[path] = Kept(choice.backdrop, best.asset, best.made.report, only_here)
            if not best.looks[angle].report.passed:
                unsatisfied.append(path)
        reports += _reports(course, choice.report, work)
    return Outcome(kept, tuple(reports), tuple(unsatisfied))


def _round(courses: Sequence[_Course], number: int, rules: Rules, work: Work) -> None:
    """Paint the next try of every course, and look at it."""
    asked = [(course, *_next(course, number, rules, work)) for course in courses]
    stage = replace(ASSET, run=Batch([(course.shared_set.files, asset) for course, asset, _ in asked]).run)
    for done, (course, asset, wording) in enumerate(asked, start=1):
        shared_set = course.shared_set
        made = work.item(f"try-{number}/{shared_set.name}", stage, shared_set.files, asset)
        looks = {}
        for angle, picture in shared_set.pictures.items():
            files = LookInputs(picture=picture, backdrop=made.backdrop)
            looks[angle] = work.item(
                f"look-{number}/{angle}/{shared_set.backdrop}", LOOK, files, _look(shared_set, rules)
            )
        course.tries.append(Try(asset, made, looks, wording))
        work.progress(done, len(asked), shared_set.name if number == 1 else f"{shared_set.name}, try {number}")


def _look(shared_set: SharedSet, rules: Rules) -> LookParams:
    """Compare with the prompt of shoot.yaml: what a model made of it may have lost what was asked for."""
    asked = shared_set.scene if rules.look.vector is not None else None
    return rules.look.model_copy(update={"extend": shared_set.asset.extend, "prompt": asked})


def _next(course: _Course, number: int, rules: Rules, work: Work) -> tuple[AssetParams, Artifact | None]:
    """The params of the next try, and the record of its wording if a model gave it."""
    first = course.shared_set.asset
    if number == 1:
        return first, None
    changes: dict[str, Any] = {"seed": _seed(first.seed or 0, number)}
    wording = None
    if number >= SETTINGS_FROM:
        changes["diffusion"] = None if first.diffusion is None else varied(first.diffusion, number)
        # without the caption's words about the product, which it paints again
        changes["prompt"] = course.shared_set.scene
        if rules.rewrite is not None:
            made = _reworded(course, number, rules.rewrite, work)
            changes["prompt"], wording = made.report.prompt, made.wording
    return first.model_copy(update=changes), wording


def _reworded(course: _Course, number: int, rewrite: RewriteParams, work: Work) -> WordingOutputs:
    last = course.tries[-1]
    worst = min(last.looks.values(), key=lambda look: look.report.score)
    failed = dict.fromkeys(words for look in last.looks.values() for words in look.report.failed)
    return work.item(
        f"wording-{number}/{course.shared_set.name}",
        WORDING,
        WordingInputs(seen=worst.seen if rewrite.shows_picture else None),
        WordingParams(prompt=given(last.asset.prompt), failed=tuple(failed), rewrite=rewrite),
    )


def _seed(first: int, number: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{first}/{number}".encode()).digest()[:4], "big") % 2**31


def _chosen(course: _Course, path: str, work: Work) -> ChoiceOutputs:
    """The choice as an item of its own, so that the lineage of an asset leads to every try of its backdrop."""
    tries = {str(number): each for number, each in enumerate(course.tries, start=1)}
    wordings = {f"{number}.json": each.wording for number, each in tries.items() if each.wording is not None}
    files = ChoiceInputs(
        backdrops=work.put_tree({f"{number}.png": each.made.backdrop for number, each in tries.items()}),
        looks=work.put_tree(
            {
                f"{number}/{angle}.json": look.checks
                for number, each in tries.items()
                for angle, look in each.looks.items()
            }
        ),
        wordings=work.put_tree(wordings) if wordings else None,
    )
    return work.item(path, CHOICE, files, ChoiceParams())


def _checks(best: Try, angle: str, work: Work) -> tuple[Check, ...]:
    return tuple(load_list(Check, work.read(best.looks[angle].checks)))


def _reports(course: _Course, choice: ChoiceReport, work: Work) -> list[TryReport]:
    first = course.shared_set.asset.diffusion
    return [
        TryReport(
            backdrop=course.shared_set.backdrop,
            angles=tuple(course.shared_set.pictures),
            number=number,
            seed=each.asset.seed,
            prompt=given(each.asset.prompt),
            settings=_changed(first, each.asset.diffusion),
            score=mean_score([_checks(each, angle, work) for angle in each.looks]),
            prompt_likeness={
                angle: look.report.prompt_likeness
                for angle, look in each.looks.items()
                if look.report.prompt_likeness is not None
            },
            failed={angle: look.report.failed for angle, look in each.looks.items() if look.report.failed},
            chosen=number == choice.chosen,
        )
        for number, each in enumerate(course.tries, start=1)
    ]


def _changed(first: Frozen | None, other: Frozen | None) -> dict[str, Any]:
    before, after = (each.model_dump(mode="json") if each else {} for each in (first, other))
    return {name: value for name, value in after.items() if value != before.get(name)}
