"""Counts what SfM does, compared with plain COLMAP, which extracts once and matches every pair.

The worker runs in a process of its own, because pycolmap must not share one with Pillow; there, extraction, matching
and mapping are replaced by counters, and every attempt fails so that all are made.
"""

import json
import subprocess
import sys
from itertools import combinations

import pytest

from pipeline.posing.sfm.colmap import pose
from pipeline.posing.sfm.photos import PhotoFile
from pipeline.posing.sfm.request import PoseParams
from tests.posing import can

COUNTED = """
import json, sys, time
from pathlib import Path
import numpy as np
from pipeline.posing.sfm import colmap_worker as worker
from pipeline.posing.sfm.mapping import Mapped
from pipeline.posing.sfm.pairs import chosen_pairs
from pipeline.posing.sfm.recipes import ALL
from pipeline.posing.sfm.request import Attempt, CameraGroup, PoseParams, PoseRequest

class Found:
    def __init__(self, request, features, database):
        self.counts = dict.fromkeys(names, 2000)
        self.matched, self.features = set(), features
        work["pixels"] += features.side_factor ** 2
    def match(self, every_pair):
        pairs = set(chosen_pairs(scores, count if every_pair else 12)) - self.matched
        self.matched |= pairs
        work["products"] += len(pairs) * self.features.count_factor ** 2
        work["pairs"].append(len(pairs))
    def ties(self):
        return {(names[0], names[-1]): 50}
def map_photos(request, recipe, found, since):
    work["mapped"].append(recipe.name)
    attempt = Attempt(name=recipe.name, registered=count // 2, strays=1, points=9, reprojection_error_px=0.5,
                      models=(names[:count // 2],), pairs=len(found.matched), seconds=0.0)
    return Mapped(attempt, (Path(recipe.name),))
worker.map_photos, worker.FeatureSet = map_photos, Found
done = {}
for count in map(int, sys.argv[1:]):
    names = tuple(f"{i:02d}.png" for i in range(count))
    scores = np.random.default_rng(0).integers(0, 40, (count, count))
    scores = np.triu(scores, 1) + np.triu(scores, 1).T
    done[count] = work = {"pixels": 0.0, "products": 0.0, "pairs": [], "mapped": []}
    group = CameraGroup(names=names, width_px=80, height_px=60, prior=None)
    request = PoseRequest(photos=".", crops=".", sides={}, out=".", groups=(group,), pairs=None, params=PoseParams(),
                          recipes=ALL, threads=1)
    list(worker.tries(request, time.perf_counter()))
print(json.dumps(done))
"""
COUNTS = ("3", "8", "13", "14", "24", "50")  # of photos


@pytest.fixture(scope="module")
def counted():
    """By count: extracted pixels (in photos at the plain size), products of descriptors (in plain pairs), pairs,
    attempts.
    """
    command = [sys.executable, "-c", COUNTED, *COUNTS]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout)


@pytest.mark.parametrize("photos", COUNTS)
def test_the_worst_shoot_takes_at_most_three_times_the_work_of_plain_colmap(counted, photos):
    work, count = counted[photos], int(photos)
    every = len(list(combinations(range(count), 2)))
    assert work["mapped"][-1] == "dense"
    assert work["products"] <= 3 * every
    assert work["pixels"] <= 3
    assert len(work["mapped"]) <= 5


def test_no_pair_is_matched_twice_with_the_same_features(counted):
    assert sum(counted["24"]["pairs"][:-1]) == 24 * 23 // 2


@pytest.fixture(scope="module")
def small_shoot(tmp_path_factory):
    folder = tmp_path_factory.mktemp("few")
    shots = [can.Shot(f"P{n}", 15.0 * n, 20.0) for n in range(7)]
    can.write_shoot(folder, shots)
    photos = [PhotoFile(folder / "photos" / f"{shot.photo}.png", 480, 400) for shot in shots]
    masks = {shot.photo: folder / "cutouts" / f"{shot.photo}.png" for shot in shots}
    return pose(photos, masks, {}, PoseParams(max_side_px=480, max_features=1024), folder / "scratch"), folder


def test_few_good_photos_take_the_work_of_plain_colmap_and_no_more(small_shoot):
    posed, folder = small_shoot
    assert [(done.name, done.registered, done.pairs) for done in posed.answer.attempts] == [("plain", 7, 21)]
    assert [path.name for path in (folder / "scratch" / "sfm").glob("*.crops.db")] == ["plain.crops.db"]
    assert posed.answer.peak_memory_mb < 1000
