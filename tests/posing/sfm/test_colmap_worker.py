"""Tests of the SfM worker in a separate process, one for all of them: pycolmap must not share one with Pillow."""

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
answers = []
for results in json.loads(sys.argv[1]):
    used = []
    best = max(worker.tries(request, time.perf_counter()), key=lambda t: t[0].rank)
    answers.append([used, best[0].name])
print(json.dumps(answers))
"""
CASES = (
    ({"plain": (24, 0)}, ["plain"], "plain"),
    ({"plain": (24, 1), "reseeded": (24, 0)}, ["plain", "reseeded"], "reseeded"),
    ({"plain": (24, 1), "reseeded": (24, 2)}, ["plain", "reseeded"], "plain"),
    ({"plain": (20, 0), "complete": (24, 0)}, ["plain", "complete"], "complete"),
    (
        {"plain": (24, 3), "reseeded": (22, 0), "complete": (22, 0), "relaxed": (23, 1), "dense": (24, 0)},
        ["plain", "reseeded", "complete", "relaxed", "dense"],
        "dense",
    ),
)


@pytest.fixture(scope="module")
def tried():
    """What was tried in each case, and what came out best."""
    command = [sys.executable, "-c", TRIES, json.dumps([results for results, _, _ in CASES])]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout)


@pytest.mark.parametrize("case", range(len(CASES)))
def test_strays_cause_another_seed_and_missing_photos_another_recipe(tried, case):
    _, used, best = CASES[case]
    assert tried[case] == [used, best]
