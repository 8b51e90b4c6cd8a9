"""The table of reasons lists exactly the codes in the source, and the troubleshooting page shows it."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from pipeline.contract.manifest import HeldReason
from pipeline.core.errors import Held
from pipeline.core.reasons.checks import CHECK_REASONS
from pipeline.core.reasons.page import OUTCOMES, troubleshooting_markdown
from pipeline.core.reasons.steps import STEP_REASONS
from pipeline.core.reasons.table import REASONS, require_reason
from pipeline.imaging.checks.evidence import finding

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "troubleshooting.md"


@cache
def every_call() -> list[ast.Call]:
    """The calls in the source. Read by the first test that asks: pytest imports this file in every worker."""
    trees = (ast.parse(path.read_text()) for path in sorted((ROOT / "pipeline").rglob("*.py")))
    return [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]


def calls(name: str) -> list[ast.Call]:
    return [call for call in every_call() if getattr(call.func, "id", "") == name]


def texts(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def codes_in_source() -> set[str]:
    """Strings passed as `code=...`, apart from the table's own."""
    codes: set[str] = set()
    for call in every_call():
        if getattr(call.func, "id", "") != "Reason":
            for keyword in call.keywords:
                if keyword.arg == "code":
                    codes |= set(texts(keyword.value))
    return codes


def checks_in_source() -> set[str]:
    named = (keyword.value for call in calls("Check") for keyword in call.keywords if keyword.arg == "name")
    return {text for node in (*(call.args[0] for call in calls("finding")), *named) for text in texts(node)}


def test_the_reasons_of_steps_are_exactly_the_codes_in_the_source() -> None:
    assert codes_in_source() == {reason.code for reason in STEP_REASONS}


def test_the_reasons_of_checks_are_exactly_the_checks_in_the_source() -> None:
    assert checks_in_source() == {reason.code for reason in CHECK_REASONS}


def test_every_hold_and_refusal_gives_a_code() -> None:
    refusals = [call for name in ("Held", "Refusal", "Refused") for call in calls(name)]
    assert len(refusals) > 15
    for call in refusals:
        assert "code" in {keyword.arg for keyword in call.keywords}, ast.unparse(call)


def test_codes_are_unique() -> None:
    assert len(REASONS) == len(STEP_REASONS) + len(CHECK_REASONS)


def test_the_troubleshooting_page_is_up_to_date() -> None:
    remedy = "run python -m pipeline.core.reasons.page > docs/troubleshooting.md"
    assert PAGE.read_text() == troubleshooting_markdown(), remedy


@pytest.mark.parametrize("code", REASONS)
def test_every_reason_has_an_entry_under_each_of_its_outcomes(code: str) -> None:
    sections = dict(zip(OUTCOMES, re.split(r"^## .*$", PAGE.read_text(), flags=re.MULTILINE)[1:], strict=True))
    for outcome, section in sections.items():
        entry = f"### `{code}`\n\n**{REASONS[code].title}.** {REASONS[code].meaning}\n\n*What to do:* "
        assert (entry in section) == (outcome in REASONS[code].outcomes)


@pytest.mark.parametrize("code", REASONS)
def test_every_reason_is_written_in_whole_sentences(code: str) -> None:
    reason = REASONS[code]
    assert not reason.title.endswith(".")
    assert reason.meaning.endswith(".") and reason.what_to_do.endswith(".")
    for text in (reason.title, reason.meaning, reason.what_to_do):
        assert text[0].isupper() or text.startswith(("`", "shoot.yaml"))


def test_an_unknown_code_is_an_error() -> None:
    with pytest.raises(ValueError, match="'tired' is not a reason"):
        Held("the splat is tired", code="tired")
    with pytest.raises(ValueError, match="'halo' is not a reason for the outcome 'held'"):
        require_reason("halo", "held")
    with pytest.raises(ValueError, match="'shine' is not a reason"):
        finding("shine", 1, "flag", "it shines", threshold=0, passed=False, severity="review")


def test_a_hold_recorded_without_a_code_can_be_read() -> None:
    remembered = HeldReason.model_validate({"what": "the splat reaches 20 dB", "remedy": "Shoot more"})
    assert remembered.error().code is None
