"""What is known about up besides the poses: what the photographer states, or the table in the whole photos."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.core.colmap.model import SparseModel
from pipeline.core.records import SeenTable
from pipeline.posing.frame import Rig
from pipeline.posing.scene.structure import Structure, look
from pipeline.posing.sfm.photos import PhotoFile
from pipeline.posing.up import UpHints, find_up

SURE = {"handheld": 0.97, "turntable": 0.5}
"""With this confidence nobody looks for the table: it would not be more exact, and on a turntable it may stand still
while the product turns."""


def hints(
    model: SparseModel,
    rig: Rig,
    known: UpHints,
    photos: Sequence[PhotoFile],
    focal_px: Mapping[str, float | None],
    scratch: Path,
    seed: int = 0,
    seen: SeenTable | None = None,
) -> UpHints:
    """`known`, and where the poses do not tell up well enough the table, if there is one.

    `model`: the poses, in SfM's frame. `seen`: what cutout saw of the table; None if it did not look: then the whole
    photos are looked at, which costs about as much as the poses themselves.
    """
    if find_up(model, rig, known)[1].confidence >= SURE[rig]:
        return known
    if seen is None:
        seen = seen_table(look({photo.photo: photo.path for photo in photos}, focal_px, scratch, seed))
    normals = {photo: np.array(normal) for photo, normal in seen.up_in_camera.items()}
    return replace(known, table_normals=normals, table_confidence=seen.confidence)


def seen_table(found: Structure | None) -> SeenTable:
    """The table of the largest scene: a product that was turned over stands on the table twice."""
    if found is None:
        return SeenTable()
    normals = {photo: found.up_in_camera(photo) for photo in found.scenes[0].shown}
    told = {photo: tuple(normal.tolist()) for photo, normal in normals.items() if normal is not None}
    return SeenTable(confidence=found.table_confidence, up_in_camera=told)
