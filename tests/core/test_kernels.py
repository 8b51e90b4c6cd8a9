"""A new container takes the kernels of its image, once, and compiles nothing that is among them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.core.kernels import take_kernels

USE = """
from pipeline.core.kernels import take_kernels

take_kernels()
from pipeline.splatting.raster.tiles import depth_order
import numpy as np

depth_order(np.ones((1, 10), np.float32), np.ones((1, 4), np.int32))
print(sum(depth_order.stats.cache_hits.values()), sum(depth_order.stats.cache_misses.values()))
"""


def use_kernel(cache: Path, **environment: str) -> list[str]:
    """Call a kernel in a new process; how many it found in the cache, and how many it did not."""
    env = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,+fma"}
    done = subprocess.run(
        [sys.executable, "-c", USE], env=env | environment, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_a_new_container_compiles_nothing_that_its_image_has(tmp_path: Path) -> None:
    image, scratch = tmp_path / "image", tmp_path / "scratch"
    assert use_kernel(image) == ["0", "1"]
    assert use_kernel(scratch / "numba", KERNELS_DIR=str(image)) == ["1", "0"]
    assert [path.name for path in scratch.iterdir()] == ["numba"]


def test_kernels_that_are_there_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "image").mkdir()
    (tmp_path / "image" / "kernel").write_text("of the image")
    (tmp_path / "numba").mkdir()
    monkeypatch.setenv("KERNELS_DIR", str(tmp_path / "image"))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "numba"))
    take_kernels()
    assert list((tmp_path / "numba").iterdir()) == []


def test_kernels_that_cannot_be_copied_are_one_clear_error(tmp_path: Path) -> None:
    environment = {**os.environ, "KERNELS_DIR": str(tmp_path / "none"), "NUMBA_CACHE_DIR": str(tmp_path / "numba")}
    command = [sys.executable, "-m", "pipeline", "doctor"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert f"KERNELS_DIR={tmp_path / 'none'}" in done.stderr and "No such file" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_no_half_of_the_kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise shutil.Error([("a", "b", "[Errno 28] No space left on device: 'b'")])

    monkeypatch.setenv("KERNELS_DIR", str(tmp_path))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "scratch" / "numba"))
    monkeypatch.setattr(shutil, "copytree", full)
    with pytest.raises(SystemExit, match=r"No space left on device.*Make room"):
        take_kernels()
    assert list((tmp_path / "scratch").iterdir()) == []
