import errno
from pathlib import Path

import pytest

from pipeline.cli.sheets import copy_held_picture, copy_sheet
from pipeline.contract.manifest import Manifest, Provenance, Request
from pipeline.contract.runner import Runner
from pipeline.contract.store import Store
from pipeline.core.errors import StoreFull
from pipeline.run import StepResult

PLAN = "0" * 64


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A runner whose store has a plan whose composite made a sheet."""
    store = Store(tmp_path / "store")
    sheet = store.put(b"a sheet", "image/png").model_dump(mode="json")
    request = Request(stage="composite", version=1, params={}, inputs={})
    provenance = Provenance(
        started_at="2026-01-01T00:00:00+00:00", seconds=1, peak_memory_mb=1, device="cpu", host="", versions={}
    )
    store.commit(Manifest(key=request.key, request=request, outputs={"sheet": sheet}, provenance=provenance))
    store.point(PLAN, "composite", "composite", request.key)
    return Runner(store)


def test_the_sheet_is_copied_and_nothing_else_is_left_in_the_folder(runner: Runner, tmp_path: Path) -> None:
    for _ in range(2):
        path = copy_sheet(runner, PLAN, "mug", tmp_path / "sheets")
        assert path == tmp_path / "sheets" / "mug.png" and path.read_bytes() == b"a sheet"
    assert list((tmp_path / "sheets").iterdir()) == [path]
    assert copy_sheet(runner, "1" * 64, "mug", tmp_path / "sheets") is None


def test_a_full_disk_keeps_the_previous_sheet(runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = copy_sheet(runner, PLAN, "mug", tmp_path / "sheets")
    assert path is not None
    path.write_bytes(b"the last one")

    def full(part: Path, _data: bytes) -> None:
        part.touch()
        raise OSError(errno.ENOSPC, "No space left on device", str(part))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StoreFull, match="no room left to write"):
        copy_sheet(runner, PLAN, "mug", tmp_path / "sheets")
    assert path.read_bytes() == b"the last one" and list(path.parent.iterdir()) == [path]


def test_the_picture_of_a_held_step_is_copied_and_removed_once_the_step_is_done(runner: Runner, tmp_path: Path) -> None:
    picture = runner.store.put(b"a picture", "image/png").sha256
    held = StepResult(step="cutout", state="held", picture=picture)
    path = copy_held_picture(runner, held, "mug", tmp_path / "sheets")
    assert path == tmp_path / "sheets" / "held" / "mug-cutout.png" and path.read_bytes() == b"a picture"
    assert copy_held_picture(runner, StepResult(step="cutout", state="done"), "mug", tmp_path / "sheets") is None
    assert list(path.parent.iterdir()) == []
