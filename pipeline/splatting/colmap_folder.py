"""Fit a splat to a COLMAP workspace: `images/` (RGB or RGBA) and a model in `sparse/0/` or `sparse/`."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from pipeline.core.colmap.model import SparseModel
from pipeline.core.colmap.read import read_model
from pipeline.core.colmap.undistort import undistort
from pipeline.core.errors import BadInput
from pipeline.core.photo.limits import MAX_PX
from pipeline.core.process import keep_freed_memory
from pipeline.splatting.engines.registry import ENGINES
from pipeline.splatting.fit.params import PhotoSettings
from pipeline.splatting.fit.report import FitReport, Hooks
from pipeline.splatting.fit.result import Fit
from pipeline.splatting.photos import PosedPhoto
from pipeline.splatting.ply import write_ply
from pipeline.splatting.show.render import check_new


def read_rgba(path: Path, *, matte: bool) -> NDArray[np.uint8]:
    """Read an image file as [H, W, 4] uint8; opaque if `matte` is False. Raises BadInput if it cannot be read."""
    try:
        with Image.open(path) as image:
            if image.width * image.height > MAX_PX:
                raise BadInput(f"{path}: {image.width} x {image.height} px is too large", remedy="Scale the photo down")
            if matte and "A" not in image.getbands():
                raise BadInput(
                    f"{path} has no alpha channel", remedy="Cut the photos out first, or fit with --no-matte"
                )
            rgba = np.array(image.convert("RGBA"))
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise BadInput(f"{path}: not a readable picture ({error})") from error
    if not matte:
        rgba[..., 3] = 255
    return rgba


def posed_photos(model: SparseModel, images: Path, *, matte: bool) -> list[PosedPhoto]:
    """Load the model's photos from `images`, undistorted; matched by stem, because cut-outs are PNGs.

    Raises BadInput if a photo of the model has no file.
    """
    by_stem = {path.stem: path for path in sorted(images.iterdir())} if images.is_dir() else {}
    photos = []
    for image in model.images:
        path = by_stem.get(Path(image.name).stem)
        if path is None:
            raise BadInput(
                f"{images}: no file for {image.name} of the model", remedy="Put the model's photos into this folder"
            )
        rgba, camera = undistort(read_rgba(path, matte=matte), model.cameras[image.camera_id])
        photos.append(PosedPhoto(Path(image.name).stem, rgba, camera, image.cam_from_world))
    return photos


@dataclass(frozen=True)
class ModelFit:
    """A fit, and the names of the photos skipped because their cut-out is almost empty."""

    fit: Fit
    skipped: tuple[str, ...]


def fit_model(
    model_folder: Path,
    images: Path,
    params: PhotoSettings,
    hooks: Hooks | None = None,
    *,
    min_matte_fraction: float = 0.002,
) -> ModelFit:
    """Fit to the photos in `images`, posed by the model in `model_folder`, with the engine of `params`.

    Photos whose opaque part is below `min_matte_fraction` are skipped. Raises BadInput if a photo is missing, and
    whatever the engine raises.
    """
    keep_freed_memory()
    model = read_model(model_folder)
    photos = posed_photos(model, images, matte=params.matte)
    empty = tuple(p.name for p in photos if (p.rgba[..., 3] >= 128).mean() < min_matte_fraction)
    kept = [photo for photo in photos if photo.name not in empty]
    return ModelFit(ENGINES.of(params).fit(params, kept, model.points, hooks or Hooks()), empty)


def fit_to_file(folder: Path, out: Path, params: PhotoSettings, hooks: Hooks | None = None) -> FitReport:
    """Fit to `folder` and write the PLY to `out`, as `catalog splat` does. Raises BadInput if `out` exists."""
    check_new(out)
    result = fit_model(folder, folder / "images", params, hooks).fit
    out.write_bytes(write_ply(result.splat))
    return result.report
