import logging
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.core.arrays import Rgb
from pipeline.core.errors import MissingEngine
from pipeline.language.evidence.readers import none, rapid
from pipeline.language.evidence.readers.registry import ENGINES


def written(text: str, *, height: int = 300, width: int = 700, ink: int = 20, ground: int = 200) -> Rgb:
    picture = np.full((height, width, 3), ground, np.uint8)
    cv2.putText(picture, text, (40, 170), cv2.FONT_HERSHEY_SIMPLEX, 2.4, (ink,) * 3, 6, cv2.LINE_AA)
    return picture


@pytest.mark.parametrize(("ink", "ground"), [(20, 200), (245, 60)])
def test_text_is_read_with_its_box_and_score(ink: int, ground: int) -> None:
    lines = rapid.read(written("HARBOUR 27", ink=ink, ground=ground), rapid.Params())
    assert [line.text.replace(" ", "") for line in lines] == ["HARBOUR27"]
    left, top, width, height = lines[0].box
    assert left <= 45 and left + width >= 430 and 95 <= top <= 125 and 165 <= top + height <= 200
    assert lines[0].score > 0.8


@pytest.mark.parametrize("turns", [1, 3])
def test_text_turned_by_a_right_angle_is_read(turns: int) -> None:
    picture = np.ascontiguousarray(np.rot90(written("HARBOUR"), turns))
    assert [line.text for line in rapid.read(picture, rapid.Params())] == ["HARBOUR"]


def test_picture_without_text_has_no_lines() -> None:
    assert rapid.read(np.full((200, 300, 3), 128, np.uint8), rapid.Params()) == ()


def test_lines_below_the_least_score_are_left_out() -> None:
    picture = written("HARBOUR 27")
    assert rapid.read(picture, rapid.Params(min_score=0.5))
    assert rapid.read(picture, rapid.Params(min_score=1.0)) == ()


def test_other_models_are_refused_with_their_digest() -> None:
    params = rapid.Params(models_sha256="0" * 64)
    with pytest.raises(MissingEngine, match="the setting pins 0000.*models_sha256: " + rapid.models_digest()):
        rapid.read(written("HARBOUR"), params)


@pytest.mark.parametrize("package", rapid.PACKAGES)
def test_missing_package_is_named_with_a_remedy(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    real = rapid.find_spec
    monkeypatch.setattr(rapid, "find_spec", lambda name: None if name == package else real(name))
    with pytest.raises(MissingEngine, match=f"step evidence: .*package {package} is not installed.*engine: none"):
        ENGINES.require_here(rapid.Params())


def test_model_that_the_package_lacks_is_not_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(rapid.MODELS, "Rec", "PP-OCRv9_rec_huge.onnx")
    with pytest.raises(MissingEngine, match=r"lacks the model PP-OCRv9_rec_huge\.onnx"):
        rapid.require_here(rapid.Params())


def test_reading_is_silent_and_neither_calls_nor_writes_outside(tmp_path: Path) -> None:
    """ONNX Runtime uploads events and keeps a device id unless it is told not to before it is loaded."""
    code = """
        import socket, sys
        import cv2, numpy as np
        from pipeline.language.evidence.readers import rapid

        def refuse(*args, **kwargs):
            raise AssertionError("a connection was tried")

        socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
        picture = np.full((300, 700, 3), 200, np.uint8)
        cv2.putText(picture, "HARBOUR", (40, 170), cv2.FONT_HERSHEY_SIMPLEX, 2.4, (20, 20, 20), 6, cv2.LINE_AA)
        sys.exit(0 if rapid.read(picture, rapid.Params())[0].text == "HARBOUR" else 1)
    """
    env = {name: value for name, value in os.environ.items() if name not in {"ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME"}}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        check=False,
        capture_output=True,
        text=True,
        env={**env, "HOME": str(tmp_path)},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [path.name for path in tmp_path.rglob("*") if "onnx" in path.name.lower() or path.name == "Microsoft"] == []


def test_threads_follow_omp_num_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    cores = len(os.sched_getaffinity(0))
    for given, wanted in (("1", 1), ("0", 1), ("999", min(cores, rapid.THREADS_MAX)), ("1,2", 1)):
        monkeypatch.setenv("OMP_NUM_THREADS", given)
        assert rapid.threads() == wanted
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert rapid.threads() == min(cores, rapid.THREADS_MAX)


def test_reader_logs_nothing_below_critical() -> None:
    rapid.read(written("HARBOUR"), rapid.Params())
    assert logging.getLogger("RapidOCR").level == logging.CRITICAL


def test_reader_none_reads_nothing() -> None:
    assert none.read(written("HARBOUR"), none.Params()) == () and none.signature(none.Params()) == ""
