"""Which steps are outdated since a shoot was made: stage version, preset or checkpoint."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest

from pipeline.editions import edition_of, outdated_steps
from pipeline.plan import STEPS, UPSTREAM

BELOW_RENDER = {"render", "caption", "background", "composite", "embed", "publish"}


def test_nothing_is_outdated_without_a_change_and_everything_without_a_record() -> None:
    edition = edition_of("standard")
    assert [entry.split(":")[0] for entry in edition.split()] == list(STEPS)
    assert outdated_steps(edition, edition_of("standard")) == frozenset()
    assert outdated_steps(None, edition) == frozenset(STEPS)


def test_a_changed_preset_outdates_its_step_and_those_below(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("splat: {iterations: 77}")
    outdated = outdated_steps(edition_of("standard"), edition_of(str(tmp_path / "mine.yaml")))
    assert outdated == {"splat", *BELOW_RENDER}
    assert all(step in outdated for step in STEPS if outdated.intersection(UPSTREAM[step]))


def test_a_raised_version_outdates_its_step_and_those_below(monkeypatch: pytest.MonkeyPatch) -> None:
    before, module = edition_of("standard"), import_module("pipeline.stages.render")
    monkeypatch.setattr(module, "STAGE", replace(module.STAGE, version=99))
    assert outdated_steps(before, edition_of("standard")) == BELOW_RENDER


def test_other_weights_in_the_same_checkpoint_outdate_its_step(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipeline.diffusion.painting import settings

    before = edition_of("standard")
    monkeypatch.setattr(settings, "checkpoint_digest", lambda _checkpoint: "0" * 64)
    assert outdated_steps(before, edition_of("standard")) == {"background", "composite", "embed", "publish"}
