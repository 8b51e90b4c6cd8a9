"""The notes printed after a run: every step, angle and asset that is not as requested."""

from rich.console import Console

from deploy.local.notes import MAX_NOTES, Note, notes_on, print_notes
from tests.catalog.toy_shoot import ToyShoot

STEP = {"step": "publish", "state": "done", "seconds": 0.1, "reason": ""}


def summary(*steps, fate="done", reason=""):
    return {"shoots": [{"sku": "MUG-1", "fate": fate, "reason": reason, "assets": {}, "steps": list(steps)}]}


def test_held_steps_refused_angles_and_unpublished_assets_are_noted(tmp_path):
    url = f"sqlite:///{tmp_path}/catalog.db"
    ToyShoot(tmp_path, url, verdict="in review").publish()
    held = {"step": "sfm", "state": "held", "seconds": 0.0, "reason": "too few photos"}
    below = {"step": "splat", "state": "held", "seconds": 0.0, "reason": "held by sfm"}
    notes = notes_on(summary(held, below, STEP, fate="held", reason="sfm: too few photos"), url)
    assert notes[:2] == [
        Note("held", "MUG-1, sfm", "too few photos"),
        Note("refused", "MUG-1/back", "nobody stood there"),
    ]
    assert [note.what for note in notes[2:]] == ["MUG-1/front/white/shop", "MUG-1/left/white/shop"]
    assert {(note.state, note.why) for note in notes[2:]} == {("in review", "edges halo")}


def test_published_assets_have_no_note(tmp_path):
    url = f"sqlite:///{tmp_path}/catalog.db"
    ToyShoot(tmp_path, url).publish()
    assert [note.state for note in notes_on(summary(STEP), url)] == ["refused"]


def test_unchanged_shoot_is_not_noted_again(tmp_path):
    url = f"sqlite:///{tmp_path}/catalog.db"
    ToyShoot(tmp_path, url, verdict="rejected").publish()
    assert notes_on(summary(fate="unchanged"), url) == []


def test_shoot_that_could_not_be_planned_is_noted(tmp_path):
    notes = notes_on(summary(fate="refused", reason="no sku"), f"sqlite:///{tmp_path}/catalog.db")
    assert notes == [Note("refused", "MUG-1", "no sku")]


def test_notes_fit_the_terminal_width_and_are_limited():
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    print_notes(console, [Note("rejected", f"mug/{number}", "[too] dark " * 30) for number in range(MAX_NOTES + 3)])
    text = console.export_text()
    assert "[too] dark" in text and f"mug/{MAX_NOTES - 1}" in text and f"mug/{MAX_NOTES}\n" not in text
    assert "and 3 more" in text and " \n" not in text and max(map(len, text.splitlines())) <= 100
