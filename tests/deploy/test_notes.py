"""What is told after a run: everything that is not as it was asked for, and why."""

from rich.console import Console

from deploy.local.notes import MAX_NOTES, Note, notes_on, print_notes
from tests.catalog.toy_shoot import ToyShoot

STEP = {"step": "publish", "state": "done", "seconds": 0.1, "reason": ""}


def summary(*steps, fate="done", reason=""):
    return {"shoots": [{"sku": "MUG-1", "fate": fate, "reason": reason, "assets": {}, "steps": list(steps)}]}


def test_held_steps_refused_angles_and_unpublished_assets_are_told(tmp_path):
    url = f"sqlite:///{tmp_path}/catalog.db"
    ToyShoot(tmp_path, url, verdict="needs review").publish()
    held = {"step": "sfm", "state": "held", "seconds": 0.0, "reason": "too few photos"}
    notes = notes_on(summary(held, STEP, fate="held", reason="sfm: too few photos"), url)
    assert notes[:2] == [
        Note("held", "MUG-1, sfm", "too few photos"),
        Note("refused", "MUG-1/back", "nobody stood there"),
    ]
    assert [note.what for note in notes[2:]] == ["MUG-1/front/white/shop", "MUG-1/left/white/shop"]
    assert {(note.state, note.why) for note in notes[2:]} == {("in review", "edges halo")}


def test_what_is_published_needs_no_note(tmp_path):
    url = f"sqlite:///{tmp_path}/catalog.db"
    ToyShoot(tmp_path, url).publish()
    assert [note.state for note in notes_on(summary(STEP), url)] == ["refused"]


def test_a_shoot_that_nothing_was_done_for_is_not_told_again(tmp_path):
    url = f"sqlite:///{tmp_path}/catalog.db"
    ToyShoot(tmp_path, url, verdict="rejected").publish()
    assert notes_on(summary(fate="unchanged"), url) == []


def test_a_shoot_that_could_not_be_planned_is_told(tmp_path):
    found = notes_on(summary(fate="bad input", reason="no sku"), f"sqlite:///{tmp_path}/catalog.db")
    assert found == [Note("bad input", "MUG-1", "no sku")]


def test_notes_fit_a_terminal_and_do_not_flood_it():
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    print_notes(console, [Note("rejected", f"mug/{number}", "[too] dark " * 30) for number in range(MAX_NOTES + 3)])
    words = console.export_text()
    assert "[too] dark" in words and f"mug/{MAX_NOTES - 1}" in words and f"mug/{MAX_NOTES}\n" not in words
    assert "and 3 more" in words and " \n" not in words and max(map(len, words.splitlines())) <= 100
