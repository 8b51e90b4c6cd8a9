"""Fits similarities to pairs of points, in a process that loads pycolmap; writes what was found per case as JSON."""

import json
import sys

import numpy as np

from pipeline.core.rotations import rotation_from_quaternion
from pipeline.posing.sfm.join import between

ROTATION, SCALE, SHIFT = rotation_from_quaternion([0.1, 0.9, -0.3, 0.2]), 2.5, np.array([3.0, -1.0, 0.5])
HALF_TURN = np.diag([-1.0, -1.0, 1.0])


def pairs(count, wrong, noise=0.002, seed=0):
    """Points and their true partners, with noise, and `wrong` others whose partners are any points."""
    rng = np.random.default_rng(seed)
    source = rng.uniform(-1.0, 1.0, (count + wrong, 3))
    target = SCALE * source @ ROTATION.T + SHIFT + rng.normal(0, noise, source.shape)
    target[count:] = SCALE * rng.uniform(-1.0, 1.0, (wrong, 3)) @ ROTATION.T + SHIFT
    return source, target


def symmetric():
    """Points of which as many agree with the product as it is as with the product turned by half a turn."""
    source, target = pairs(120, 0)
    target[60:] = SCALE * (source[60:] @ HALF_TURN) @ ROTATION.T + SHIFT
    return source, target


def in_a_row():
    source, _ = pairs(60, 0)
    source[:, 1:] *= 0.001
    return source, SCALE * source @ ROTATION.T + SHIFT


def in_one_place():
    source, target = pairs(60, 200)
    source[:60] *= 0.004
    target[:60] = SCALE * source[:60] @ ROTATION.T + SHIFT
    return source, target


CASES = {
    "clear": pairs(60, 0),
    "half are wrong": pairs(60, 60),
    "two of three are wrong": pairs(60, 120),
    "chance": pairs(0, 300),
    "few": pairs(8, 4),
    "symmetric": symmetric(),
    "in a row": in_a_row(),
    "in one place": in_one_place(),
    "none": (np.zeros((0, 3)), np.zeros((0, 3))),
}


def described(source, target):
    found = between(source, target, 0)
    if found is None:
        return None
    turn = np.degrees(np.arccos(np.clip((np.trace(found.rotation @ ROTATION.T) - 1) / 2, -1, 1)))
    return {"turn_deg": turn, "scale": found.scale, "shift": float(np.abs(found.translation - SHIFT).max())}


if __name__ == "__main__":
    sys.stdout.write(json.dumps({name: described(*case) for name, case in CASES.items()}))
