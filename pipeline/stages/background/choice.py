"""The item of the stage background that keeps the best of several painted backdrops."""

from pipeline.contract.artifact import Artifact
from pipeline.contract.stage import Stage
from pipeline.contract.work import Work
from pipeline.core.domain import Frozen
from pipeline.core.records import Check, load_list
from pipeline.stages.background.look import score_of


class ChoiceInputs(Frozen):
    """`backdrops`: tree `<try>.png`; `looks`: tree `<try>/<angle>.json` of their checks.

    `wordings`: tree `<try>.json` of the tries whose prompt a model rewrote; None if there is none.
    """

    backdrops: Artifact
    looks: Artifact
    wordings: Artifact | None = None


class ChoiceParams(Frozen):
    """Nothing to set."""


class ChoiceReport(Frozen):
    """`chosen`: number of the try, from 1. `score`: its mean over the angles. `passed`: all its checks did."""

    chosen: int
    score: float
    passed: bool


class ChoiceOutputs(Frozen):
    """`backdrop`: PNG, the chosen one."""

    backdrop: Artifact
    report: ChoiceReport


def run_choice(inputs: ChoiceInputs, params: ChoiceParams, work: Work) -> ChoiceOutputs:  # noqa: ARG001 - none to set
    """Keep the backdrop with the highest mean score over its angles; among equals, the earliest."""
    looks: dict[int, list[tuple[Check, ...]]] = {}
    for path, file in work.tree(inputs.looks).items():
        looks.setdefault(int(path.partition("/")[0]), []).append(tuple(load_list(Check, work.read(file))))
    scores = {number: mean_score(checks) for number, checks in looks.items()}
    chosen = min(scores, key=lambda number: (-scores[number], number))
    return ChoiceOutputs(
        backdrop=work.tree(inputs.backdrops)[f"{chosen}.png"],
        report=ChoiceReport(
            chosen=chosen,
            score=scores[chosen],
            passed=all(check.passed is not False for checks in looks[chosen] for check in checks),
        ),
    )


def mean_score(looks: list[tuple[Check, ...]]) -> float:
    """Mean of the scores of one try's looks."""
    return round(sum(map(score_of, looks)) / len(looks), 4)


CHOICE = Stage("background_choice", 1, ChoiceInputs, ChoiceParams, ChoiceOutputs, run_choice)
