"""Counts the bytes that SfM works on at once, planned for a machine with many cores."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.posing.sfm import crops
from pipeline.posing.sfm.memory import EXTRACTION_BYTES_PER_PX, PREPARATION_BYTES_PER_PX, ROOM_BYTES, at_once
from pipeline.posing.sfm.photos import PhotoFile
from pipeline.posing.sfm.recipes import RECIPES
from pipeline.posing.sfm.request import PoseParams
from tests.posing.sfm.test_colmap import photos_of

COUNTED = """
import json, sys
from pathlib import Path
import pycolmap
from pipeline.posing.sfm import features
from pipeline.posing.sfm.recipes import RECIPES
from pipeline.posing.sfm.request import Crop, PoseParams, PoseRequest

threads, work = int(sys.argv[1]), {}
request = PoseRequest(photos=".", crops=".", sides={}, out=".", groups=(), pairs=None, params=PoseParams(),
                      recipes=("plain", "dense"), threads=threads)
for recipe in RECIPES:
    side = recipe.features.side_px(request.params)
    sizes = (side, side * 3 // 4), (side // 2, side // 2)
    crops = [Crop(name=f"P{n}.png", left_px=0, top_px=0, width_px=w, height_px=h, scale_x=1.0, scale_y=1.0)
             for n, (w, h) in enumerate(sizes)]
    def counted(*_, extraction_options, **__):
        assert extraction_options.max_image_size == side
        work[recipe.name] = [side * side * 3 // 4, extraction_options.num_threads]
    pycolmap.extract_features = counted
    features._extract(request, recipe.features, Path("."), crops, Path("none.db"))
print(json.dumps(work))
"""
KEPT = """
import sys
from pathlib import Path
from pipeline.posing.sfm.features import FeatureSet
from pipeline.posing.sfm.recipes import PLAIN
from pipeline.posing.sfm.request import CameraGroup, Crop, PoseParams, PoseRequest

folder = Path(sys.argv[1])
crops = tuple(Crop(name=f"P{n}.png", left_px=0, top_px=0, width_px=80, height_px=60, scale_x=1.0, scale_y=1.0)
              for n in range(2))
(folder / "1200").symlink_to(folder)
group = CameraGroup(names=("P0.png", "P1.png"), width_px=80, height_px=60, prior=None)
request = PoseRequest(photos=str(folder), crops=str(folder), sides={1200: crops}, out=str(folder), groups=(group,),
                      pairs=None, params=PoseParams(), recipes=("plain",), threads=1)
found = FeatureSet(request, PLAIN, folder / "found.db")
found.match(every_pair=True)
print(sum(found.counts.values()), sum(kept.nbytes for kept in found._descriptors.values()))
"""


def answer(script, *arguments):
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


@given(st.integers(0, 400_000_000), st.integers(1, 400), st.integers(1, 256))
def test_what_is_worked_on_at_once_fits_or_is_a_single_picture(pixels, bytes_per_px, threads):
    count = at_once(pixels, bytes_per_px, threads)
    assert 1 <= count <= threads
    assert count == 1 or count * pixels * bytes_per_px <= ROOM_BYTES
    assert count == threads or (count + 1) * pixels * bytes_per_px > ROOM_BYTES


@pytest.mark.parametrize("threads", [1, 2, 64])
def test_features_of_every_recipe_are_extracted_within_the_room(threads):
    work = json.loads(answer(COUNTED, threads))
    assert set(work) == {recipe.name for recipe in RECIPES}
    for pixels, used in work.values():
        assert 1 <= used <= threads
        assert used * pixels * EXTRACTION_BYTES_PER_PX <= ROOM_BYTES


def test_the_usual_recipe_uses_both_cores_of_a_small_machine():
    assert json.loads(answer(COUNTED, 2))["plain"][1] == 2


def test_descriptors_are_kept_as_bytes(tmp_path):
    photos_of(tmp_path, 2)
    count, kept_bytes = map(int, answer(KEPT, tmp_path).split())
    assert count > 20
    assert kept_bytes == 128 * count


@pytest.mark.parametrize("megapixels", [1, 24, 100])
def test_large_photos_are_prepared_few_at_a_time(tmp_path, monkeypatch, megapixels):
    asked = []

    class Pool(crops.ThreadPoolExecutor):
        def __init__(self, workers):
            asked.append(workers)
            super().__init__(workers)

    monkeypatch.setattr(crops, "ThreadPoolExecutor", Pool)
    monkeypatch.setattr(crops, "_prepare_one", lambda *_: (None, []))
    photo = PhotoFile(tmp_path / "P0.png", megapixels * 1000, 1000)
    crops.prepare([photo], None, PoseParams(), [1200], tmp_path / "crops", 64)
    assert asked == [max(1, min(64, ROOM_BYTES // (PREPARATION_BYTES_PER_PX * megapixels * 1_000_000)))]
    assert asked[0] == 1 or asked[0] * megapixels * 1e6 * PREPARATION_BYTES_PER_PX < 1e9
