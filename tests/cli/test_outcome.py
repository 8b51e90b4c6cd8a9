import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.progress import Progress

from pipeline.cli.outcome import LINES_MAX, print_outcome
from pipeline.cli.progress import PLAIN_SECONDS, RunProgress
from pipeline.contract.work import Event
from pipeline.core.records import LeftOut
from pipeline.plan import STEPS
from pipeline.run import StepResult

LONG = "the product was not found in 25 of 32 photos, the worst: " + "IMG_0001 (the matte touches all borders); " * 20


def shown(results, *, width=80, reports=None, pictures=None, sheet=None, left_out=()):
    out = io.StringIO()
    console = Console(file=out, width=width)
    print_outcome(console, "mug-1 (mugs)", results, reports or {}, pictures or {}, sheet, left_out)
    return out.getvalue()


def held_shoot():
    """cutout holds everything below it, as a shoot on a cluttered table does."""
    own = {
        "ingest": StepResult(step="ingest", state="done", seconds=3.2),
        "cutout": StepResult(step="cutout", state="held", seconds=31.0, reason=LONG, code="cutout-product-not-found"),
        "coverage": StepResult(step="coverage", state="done", seconds=0.1),
    }
    below = {step: StepResult(step=step, state="held", reason="held by cutout", by="cutout") for step in STEPS}
    return [own.get(step, below[step]) for step in STEPS]


def test_a_held_shoot_says_its_reason_once_and_points_to_the_picture():
    text = shown(held_shoot(), pictures={"cutout": Path("/sheets/held/mug-1-cutout.png")})
    assert text.count("not found in 25 of 32 photos") == 1
    assert "picture of cutout: /sheets/held/mug-1-cutout.png" in text
    assert text.count("held by cutout") == len(STEPS) - 3
    assert all(f"{word} " in text for word in (*STEPS, "state", "seconds"))
    assert len(text.splitlines()) <= LINES_MAX


def test_files_left_out_are_named_with_their_reason_as_far_as_they_fit():
    entries = [LeftOut(file=f"photos/{n}.xmp", reason="not a photo") for n in range(200)]
    entries += [LeftOut(file=f"{n}.png", reason=f"reason {n}") for n in range(30)]
    text = shown(held_shoot(), left_out=entries, width=100)
    assert "left out, not a photo: photos/0.xmp, photos/1.xmp" in text
    assert "left out, reason 0: 0.png" in text
    assert len(text.splitlines()) <= LINES_MAX
    assert "photos/11.xmp and 188 more" in shown([StepResult(step="ingest", state="done")], left_out=entries[:200])


reasons = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), max_size=900)


@settings(deadline=None, max_examples=60)
@given(st.lists(reasons, min_size=len(STEPS), max_size=len(STEPS)), st.integers(40, 200), st.booleans())
def test_any_outcome_fits_into_25_lines(texts, width, with_pictures):
    results = [StepResult(step=s, state="held", reason=r, code="x") for s, r in zip(STEPS, texts, strict=True)]
    pictures = {"cutout": Path("/p/cutout.png")} if with_pictures else {}
    assert len(shown(results, width=width, pictures=pictures, sheet=Path("/s/m.png")).splitlines()) <= LINES_MAX


def test_reports_of_finished_steps_are_noted():
    reports = {
        "ingest": {"left_out": [{"file": "photos/clip.mov", "reason": "not a photo"}]},
        "cutout": {"failed": ["A: no product", "B: no product", "C: no product", "D: no product"]},
        "coverage": {"refusals": {"top": "no photo"}},
        "publish": {"published": 4, "in_review": 0, "rejected": 1},
    }
    text = shown([StepResult(step=step, state="done") for step in STEPS], reports=reports, width=100)
    assert "1 file left out: photos/clip.mov" in text
    assert "4 photos without product: A, B, C and 1 more" in text
    assert "1 angle refused: top" in text and "4 published, 1 rejected" in text
    assert "in review" not in text


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_plain_lines_without_a_terminal(terminal):
    out, now = io.StringIO(), [0.0]
    console = Console(file=out, force_terminal=terminal, width=80)
    progress = RunProgress(Progress(console=console, disable=True), lambda: now[0])
    progress.event(Event(kind="started", step="cutout"))
    for done in range(1, 5):
        now[0] += PLAIN_SECONDS / 2
        progress.event(Event(kind="started", step=f"cutout[P{done}]"))
        progress.event(Event(kind="progress", step="cutout", done=done, total=4, text=f"P{done}"))
    progress.result(StepResult(step="cutout", state="held", reason=LONG))
    progress.result(StepResult(step="sfm", state="held", reason="held by cutout", by="cutout"))
    lines = [line.split() for line in out.getvalue().splitlines()]
    if terminal:
        assert len(lines) == 2
    else:
        said = [["cutout", "started"], ["cutout", "2/4", "P2"], ["cutout", "4/4", "P4"]]
        assert lines == [*said, ["cutout", "held"], ["sfm", "held", "by", "cutout"]]
    assert "not found" not in out.getvalue()
