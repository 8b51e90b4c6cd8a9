"""Joins the models of one attempt: the halves of a product that was turned over between photos."""

import shutil
import time
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pycolmap

from pipeline.core.arrays import I64
from pipeline.core.colmap.model import SparseModel
from pipeline.core.colmap.read import read_model
from pipeline.core.colmap.write import write_model
from pipeline.posing.halves import halves
from pipeline.posing.sfm.features import FeatureSet
from pipeline.posing.sfm.join import joined
from pipeline.posing.sfm.ladder import further
from pipeline.posing.sfm.mapping import Mapped, one_thread, refine
from pipeline.posing.sfm.request import PoseRequest
from pipeline.posing.sfm.strays import strays

FEATURE_ERROR_PX = 3.0  # in the pictures from which features are extracted
MIN_SHARED = 20  # points that photos of both halves observe, once all are refined together


def join_models(request: PoseRequest, mapped: Mapped, found: FeatureSet) -> Mapped | None:
    """The attempt with further models joined to its first, or None if there are none, no masks, or it is not certain.

    Features that both halves show become points of both, and all is refined together.
    """
    others = further(mapped.attempt)
    if not others or request.silhouettes is None:
        return None
    started = time.perf_counter()
    with np.load(request.silhouettes) as stored:
        silhouettes = {name.removesuffix(".mask"): stored[name] for name in stored.files}
    out = mapped.folders[0].parent
    database = Path(shutil.copy(found.path, out / "joined.db"))
    model, folder, turned = read_model(mapped.folders[0]), mapped.folders[0], list[int]()
    for number in others:
        second = read_model(mapped.folders[number])
        with found.raw() as matches:
            join = joined(model, second, matches, _error_px(request), silhouettes, request.params.seed)
        if join is None:
            continue
        _confirm(database, join.agreed)
        tied = _tied(request, join.model, database, out / f"joined-{number}")
        if _shared(tied, {image.name for image in second.images}) >= MIN_SHARED:
            model, folder = tied, out / f"joined-{number}"
            turned.append(number)
    return _as_attempt(request, mapped, model, folder, turned, time.perf_counter() - started) if turned else None


def _as_attempt(
    request: PoseRequest, mapped: Mapped, model: SparseModel, folder: Path, turned: Collection[int], seconds: float
) -> Mapped:
    """The attempt with the models `turned` joined to the first, in `folder`."""
    models = mapped.attempt.models
    parts = tuple(models[n] for n in turned)
    rest = [n for n in range(1, len(models)) if n not in turned]
    photos = [[image.photo for image in model.images if image.name in part] for part in parts]
    attempt = mapped.attempt.model_copy(
        update={
            "name": "joined",
            "registered": len(model.images),
            "strays": sum(len(strays(half, request.params.rig)) for half in halves(model, photos)),
            "points": len(model.point_ids),
            "reprojection_error_px": model.reprojection_error_px,
            "models": (tuple(image.name for image in model.images), *(models[n] for n in rest)),
            "joined": parts,
            "seconds": seconds,
        }
    )
    return Mapped(attempt, (folder, *(mapped.folders[n] for n in rest)))


def _error_px(request: PoseRequest) -> float:
    """How far a feature may lie beside its point, in px of the photos."""
    longest = max(max(group.width_px, group.height_px) for group in request.groups)
    return FEATURE_ERROR_PX * max(1.0, longest / request.params.max_side_px)


def _confirm(database: Path, agreed: Mapping[tuple[str, str], I64]) -> None:
    """Store matches [M, 2] of image pairs as verified, instead of what was."""
    with pycolmap.Database.open(database) as stored:
        ids = {image.name: image.image_id for image in stored.read_all_images()}
        for (first, second), rows in agreed.items():
            geometry = pycolmap.TwoViewGeometry()
            geometry.config = pycolmap.TwoViewGeometryConfiguration.CALIBRATED
            geometry.inlier_matches = rows.astype(np.uint32)
            if stored.exists_two_view_geometry(ids[first], ids[second]):
                stored.delete_two_view_geometry(ids[first], ids[second])
            stored.write_two_view_geometry(ids[first], ids[second], geometry)


def _tied(request: PoseRequest, model: SparseModel, database: Path, folder: Path) -> SparseModel:
    """The model with points triangulated from all verified matches, refined, and written into `folder`."""
    write_model(model, folder)
    known = pycolmap.Reconstruction(folder)
    options = one_thread(request.params.seed)
    tied = pycolmap.triangulate_points(known, database, request.photos, folder, options=options)
    refine(tied)
    tied.write(folder)
    return read_model(folder)


def _shared(model: SparseModel, names: Collection[str]) -> int:
    """The number of points that images with these names observe together with others."""
    inside = [image.image_id for image in model.images if image.name in names]
    seen = [np.isin(track["image"], inside) for track in model.tracks]
    return sum(bool(part.any() and not part.all()) for part in seen)
