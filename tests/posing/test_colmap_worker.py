"""Tests of the SfM worker, also in a separate process: pycolmap must not share one with Pillow."""

import json
import subprocess
import sys

import pytest

TRIES = """
import json, sys, time
from pathlib import Path
from pipeline.posing import colmap_worker as worker
from pipeline.posing.request import Attempt, CameraGroup, PoseParams, PoseRequest

results, used = json.loads(sys.argv[1]), []
def map_photos(request, recipe, database, since):
    used.append(recipe.name)
    registered, strays = results[recipe.name]
    return Attempt(name=recipe.name, registered=registered, strays=strays, points=9, reprojection_error_px=0.5,
                   models=1, seconds=0.0), Path(recipe.name)
worker.map_photos, worker.find_features = map_photos, lambda request, recipe: Path("db")
group = CameraGroup(names=tuple(map(str, range(24))), prior=None)
request = PoseRequest(photos=".", masks=None, out=".", groups=(group,), pairs=None, params=PoseParams(), threads=1)
best = max(worker.tries(request, time.perf_counter()), key=lambda t: worker.rank(t[0]))
print(json.dumps([used, best[0].name]))
"""

MATCHES = """
import json, sys
from pathlib import Path
from pipeline.posing import colmap_worker as worker
from pipeline.posing.request import CameraGroup, PoseParams, PoseRequest

seen = []
def match(database, *, matching_options, **others):
    seen.append((matching_options.num_threads, matching_options.use_gpu, matching_options.guided_matching))
worker.pycolmap.match_exhaustive = worker.pycolmap.match_image_pairs = match
for pairs in (None, (("a", "b"),)):
    for recipe in worker.RECIPES:
        request = PoseRequest(photos=".", masks=None, out=".", groups=(), pairs=pairs, params=PoseParams(), threads=8)
        worker.match_features(request, recipe, Path(sys.argv[1]) / "plain.db")
print(json.dumps(seen))
"""


def tried(**results):
    done = subprocess.run(
        [sys.executable, "-c", TRIES, json.dumps(results)], capture_output=True, text=True, check=True, timeout=120
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("results", "used", "best"),
    [
        ({"plain": (24, 0)}, ["plain"], "plain"),
        ({"plain": (24, 1), "reseeded": (24, 0)}, ["plain", "reseeded"], "reseeded"),
        ({"plain": (24, 1), "reseeded": (24, 2)}, ["plain", "reseeded"], "plain"),
        ({"plain": (20, 0), "relaxed": (24, 0)}, ["plain", "relaxed"], "relaxed"),
        (
            {"plain": (24, 3), "reseeded": (22, 0), "relaxed": (23, 1), "dense": (24, 0)},
            ["plain", "reseeded", "relaxed", "dense"],
            "dense",
        ),
    ],
)
def test_strays_cause_another_seed_and_missing_photos_another_recipe(results, used, best):
    assert tried(**results) == [used, best]


def test_features_are_matched_on_one_thread(tmp_path):
    # pycolmap's OpenBLAS does not lock its buffers: with two matchers, the matches of a pair sometimes differ
    done = subprocess.run(
        [sys.executable, "-c", MATCHES, str(tmp_path)], capture_output=True, text=True, check=True, timeout=120
    )
    plain, guided = [1, False, False], [1, False, True]
    assert json.loads(done.stdout) == [plain, plain, plain, guided] * 2
