"""Poses the photos of a folder and writes a COLMAP workspace: `catalog sfm PHOTOS_DIR --out COLMAP_DIR`."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.core.colmap.write import write_model
from pipeline.core.domain import Frozen, View
from pipeline.core.errors import BadInput, MissingEngine
from pipeline.core.photo.decode import Photo, read_photo
from pipeline.core.png import encode_png
from pipeline.core.records import dump_json
from pipeline.core.shoot_files import photos_in
from pipeline.posing.halves import half_of
from pipeline.posing.judge import report_of, require_registered
from pipeline.posing.product import ProductFrame, product_frame
from pipeline.posing.sfm.photos import PhotoFile, UnusablePhoto, read_mask
from pipeline.posing.sfm.request import PoseParams, PoseReport
from pipeline.posing.sides.resolve import Resolved, by_number, resolved_poses
from pipeline.posing.sight import hints
from pipeline.posing.up import UpHints

MARKER = ".catalog-sfm"


class FolderReport(Frozen):
    """The output of `catalog sfm`: the report, the files that were left out, and the folder of the workspace.

    `notes`: file name -> what had to be guessed to decode it.
    """

    report: PoseReport
    unusable: tuple[UnusablePhoto, ...]
    notes: dict[str, tuple[str, ...]]
    front: str
    out: str


def pose_folder(
    photos_dir: Path,
    out_dir: Path,
    masks_dir: Path | None = None,
    params: PoseParams | None = None,
    *,
    front: str | None = None,
) -> FolderReport:
    """Pose the photos of a folder; write `images/` (upright), `sparse/0/` (product frame), `views.json`, `report.json`.

    `masks_dir` contains `<photo>.png` per photo: RGBA cut-outs or grey masks, of the upright photo's size. With masks
    the images are RGBA, so that a splat of the product alone can be fitted to them. `front` is the photo (stem) at
    azimuth 0, by default the first registered one. Files that cannot be decoded are left out and listed in the report.

    Raises BadInput when fewer than three photos can be decoded or `out_dir` contains files that this function did not
    write, Held when fewer than three photos are registered, SfmFailed when the SfM process fails.
    """
    params = params or PoseParams()
    claim(out_dir)
    images = out_dir / "images"
    upright = upright_photos(photos_dir, images)
    photos = upright.photos
    masks = None if masks_dir is None else {path.stem: path for path in masks_dir.glob("*.png")}
    if front is not None and front not in {photo.photo for photo in photos}:
        raise BadInput(f"there is no photo {front!r} in {photos_dir}", remedy="Name a photo by its stem")
    resolved, frame, front = _posed(upright, masks, params, front)
    write_model(frame.model, out_dir / "sparse" / "0")
    (out_dir / "views.json").write_bytes(dump_json(list[View](frame.views)))
    if masks is not None:
        add_alpha(photos, masks)
    report = FolderReport(
        report=report_of(resolved, frame, [photo.photo for photo in photos]),
        unusable=(*upright.unusable, *resolved.posed.unusable),
        notes=upright.notes,
        front=front,
        out=str(out_dir),
    )
    (out_dir / "report.json").write_text(report.model_dump_json(indent=1))
    return report


def _posed(
    upright: "UprightPhotos", masks: Mapping[str, Path] | None, params: PoseParams, front: str | None
) -> tuple[Resolved, ProductFrame, str]:
    """The poses in SfM's frame, the same in the product frame, and the front photo."""
    names = [photo.photo for photo in upright.photos]
    with tempfile.TemporaryDirectory(prefix="catalog-sfm-") as folder:
        scratch, focal_px = Path(folder), upright.focal_px
        resolved = resolved_poses(upright.photos, masks, focal_px, params, scratch, order=by_number(names))
        posed = resolved.posed
        model = require_registered(posed, names, params.rig, front or names[0], min_registered=3, min_fraction=0.0)
        known = UpHints(masked=masks is not None)
        front, turned = front or model.images[0].photo, posed.answer.joined
        standing = half_of(model, turned, front)
        up = hints(standing, params.rig, known, upright.photos, focal_px, scratch / "sight", params.seed)
    return resolved, product_frame(model, posed.silhouettes, params.rig, front, up, turned), front


def claim(out_dir: Path) -> None:
    """Create `out_dir`, or accept one created by an earlier call. Raises BadInput when it contains other files."""
    if out_dir.exists() and (not out_dir.is_dir() or (any(out_dir.iterdir()) and not (out_dir / MARKER).exists())):
        raise BadInput(f"{out_dir} exists and was not made by `catalog sfm`", remedy="Choose another --out")
    out_dir.mkdir(parents=True, exist_ok=True)
    (out_dir / MARKER).touch()


@dataclass(frozen=True)
class UprightPhotos:
    """The decoded photos of a folder, as the ingest stage would store them.

    `focal_px`: photo -> EXIF focal length in px, None where unknown. `notes`: file name -> what had to be guessed.
    """

    photos: tuple[PhotoFile, ...]
    focal_px: dict[str, float | None]
    notes: dict[str, tuple[str, ...]]
    unusable: tuple[UnusablePhoto, ...]


def upright_photos(photos_dir: Path, images: Path) -> UprightPhotos:
    """Decode the photos of a folder into `images/<stem>.png`, upright 8-bit sRGB, replacing those of an earlier run.

    Raises BadInput when fewer than three photos can be decoded, and for a link or a folder in place of a photo;
    MissingEngine for camera raw without its extra.
    """
    if not photos_dir.is_dir():
        raise BadInput(f"{photos_dir} is not a folder", remedy="Name the folder of the photos")
    paths, left_out = photos_in(photos_dir)
    images.mkdir(parents=True, exist_ok=True)
    for old in images.glob("*.png"):
        old.unlink()
    photos: list[PhotoFile] = []
    focal_px: dict[str, float | None] = {}
    notes: dict[str, tuple[str, ...]] = {}
    unusable = [UnusablePhoto(name=entry.file, reason=entry.reason) for entry in left_out]
    for path in paths:
        photo = _decoded(path, taken=path.stem in focal_px)
        if isinstance(photo, UnusablePhoto):
            unusable.append(photo)
            continue
        target = images / f"{path.stem}.png"
        target.write_bytes(encode_png(photo.rgb))
        height_px, width_px = photo.rgb.shape[:2]
        photos.append(PhotoFile(target, width_px, height_px))
        focal_px[path.stem] = photo.exif.focal_px
        if photo.notes:
            notes[path.name] = photo.notes
    if len(photos) < 3:
        raise BadInput(f"{photos_dir} has {len(photos)} readable photos", remedy=_add_photos(unusable))
    return UprightPhotos(tuple(photos), focal_px, notes, tuple(unusable))


def _decoded(path: Path, *, taken: bool) -> Photo | UnusablePhoto:
    """A photo, or why its file is left out. `taken`: another photo has the same stem.

    Raises MissingEngine for camera raw without its extra.
    """
    if taken:
        return UnusablePhoto(name=path.name, reason="another photo has the same stem")
    try:
        return read_photo(path)
    except MissingEngine as error:
        raise MissingEngine(f"{path}: {error.what}", remedy=error.remedy) from None
    except BadInput as error:
        return UnusablePhoto(name=path.name, reason=error.what)


def add_alpha(photos: Sequence[PhotoFile], masks: Mapping[str, Path]) -> None:
    """Make each photo's file RGBA: its RGBA cut-out, whose outline colours are cleaned, or the photo with its mask."""
    for photo in photos:
        with Image.open(masks[photo.photo]) as mask:
            if "A" in mask.getbands():
                rgba = mask.convert("RGBA")
            else:
                with Image.open(photo.path) as image:
                    rgba = image.convert("RGBA")
                rgba.putalpha(Image.fromarray(read_mask(masks[photo.photo], photo)))
        photo.path.write_bytes(encode_png(np.asarray(rgba)))


def _add_photos(unusable: Sequence[UnusablePhoto]) -> str:
    reasons = "; ".join(f"{file.name}: {file.reason}" for file in unusable[:3])
    return "Add photos until there are at least three" + (f" ({reasons})" if reasons else "")
