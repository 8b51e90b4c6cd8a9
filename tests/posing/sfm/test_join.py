"""Tests of the similarity between the halves, in a separate process: pycolmap must not share one with Pillow."""

import json
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def found():
    command = [sys.executable, "-m", "tests.posing.sfm.join_cases"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout)


@pytest.mark.parametrize("case", ["clear", "half are wrong", "two of three are wrong"])
def test_the_similarity_is_found_beside_wrong_matches(found, case):
    assert found[case]["turn_deg"] < 0.3
    assert found[case]["scale"] == pytest.approx(2.5, rel=0.005)
    assert found[case]["shift"] < 0.02


@pytest.mark.parametrize("case", ["chance", "few", "symmetric", "in a row", "in one place", "none"])
def test_an_uncertain_similarity_is_none(found, case):
    assert found[case] is None
