"""Tests of the SfM worker in a separate process: pycolmap must not share one with Pillow."""

import json
import subprocess
import sys

import pytest

TRIES = """
import json, sys, time
from pathlib import Path
from pipeline.posing.sfm import colmap_worker as worker
from pipeline.posing.sfm.mapping import Mapped
from pipeline.posing.sfm.recipes import ALL
from pipeline.posing.sfm.request import Attempt, CameraGroup, PoseParams, PoseRequest

results, used = json.loads(sys.argv[1]), []
names = tuple(f"{i}.png" for i in range(24))
class Found:
    counts = dict.fromkeys(names, 2000)
    def __init__(self, request, features, database):
        self.matched = set()
    def match(self, every_pair):
        self.matched = set(range(276 if every_pair else 100))
    def ties(self):
        return {("0.png", "23.png"): 50}
def map_photos(request, recipe, found, since):
    used.append(recipe.name)
    registered, strays = results[recipe.name]
    attempt = Attempt(name=recipe.name, registered=registered, strays=strays, points=9, reprojection_error_px=0.5,
                      models=(names[:registered],), pairs=len(found.matched), seconds=0.0)
    return Mapped(attempt, (Path(recipe.name),))
worker.map_photos, worker.FeatureSet = map_photos, Found
group = CameraGroup(names=names, width_px=80, height_px=60, prior=None)
request = PoseRequest(photos=".", crops=".", sides={}, out=".", groups=(group,), pairs=None, params=PoseParams(),
                      recipes=ALL, threads=1)
best = max(worker.tries(request, time.perf_counter()), key=lambda t: t[0].rank)
print(json.dumps([used, best[0].name]))
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
        ({"plain": (20, 0), "complete": (24, 0)}, ["plain", "complete"], "complete"),
        (
            {"plain": (24, 3), "reseeded": (22, 0), "complete": (22, 0), "relaxed": (23, 1), "dense": (24, 0)},
            ["plain", "reseeded", "complete", "relaxed", "dense"],
            "dense",
        ),
    ],
)
def test_strays_cause_another_seed_and_missing_photos_another_recipe(results, used, best):
    assert tried(**results) == [used, best]
