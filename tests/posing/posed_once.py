"""Poses the same photos once for the tests of a file: a stand-in for `pose` that remembers its answers.

That `pose` itself gives the same answer again, to the last bit, is tested in tests/posing/sfm/test_turned.py.
"""

from pipeline.posing.sfm.colmap import pose
from pipeline.posing.sfm.request import PoseParams


class PosedOnce:
    """Call it like `pose`; photos of these names that were posed by the same settings before have the same answer."""

    def __init__(self):
        self._answers = {}

    def __call__(self, photos, masks, focal_px, params, scratch, **more):
        settings = params.model_dump(include=set(PoseParams.model_fields))
        asked = repr(([photo.name for photo in photos], masks is None, focal_px, settings, more))
        if asked not in self._answers:
            self._answers[asked] = pose(photos, masks, focal_px, params, scratch, **more)
        return self._answers[asked]
