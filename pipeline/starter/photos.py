"""Survey a folder of photos: which files are photos, in which order they were taken, and on which rig."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pipeline.core.arrays import F64
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput, MissingEngine, readable
from pipeline.core.photo.decode import read_photo
from pipeline.core.shoot_files import by_reason, is_of_system, photos_in, photos_remedy, printable, subfolder
from pipeline.posing.frame import Rig

NAMES_IN_MESSAGES = 6
SMALL_PX, EDGE_PX = 64, 4
EDGE_CHANGE_AT_MOST = 3.0  # grey levels; both samples, two rings each, stay below 1.1; a moving camera exceeds 10


class RigGuess(Frozen):
    """Whether the product turned or the camera moved, and how that was recognised (`because`)."""

    rig: Rig
    because: str


@dataclass(frozen=True)
class ShotPhoto:
    """One decoded photo: file, upright size in px, EXIF facts, and the photo as [64, 64] grey levels (`small`)."""

    path: Path
    width_px: int
    height_px: int
    captured_at: datetime | None
    camera: str | None
    small: F64


@dataclass(frozen=True)
class Survey:
    """The photos of a shoot's folder in capture order, and other files there (`left_out`).

    `by_time`: ordered by EXIF time, else by name. `beside`: they are in the folder itself, not in its photos/.
    """

    photos: tuple[ShotPhoto, ...]
    by_time: bool
    beside: bool
    rig: RigGuess
    left_out: tuple[str, ...]

    @property
    def sizes(self) -> tuple[str, ...]:
        """The photos' upright sizes, the most frequent first: `1800 x 1350 px`."""
        sizes = Counter((shot.width_px, shot.height_px) for shot in self.photos)
        return tuple(f"{width} x {height} px" for (width, height), _ in sizes.most_common())


def find_photos(folder: Path) -> list[Path]:
    """Return the photo files in `folder`/photos, or else in `folder` itself. Raises BadInput when there are none."""
    if not folder.is_dir():
        raise BadInput(f"{folder} is not a folder", remedy="Give the folder with the photos of one product")
    if not str(folder).isprintable():
        raise BadInput(f"the folder name {str(folder)!r} cannot be used", remedy="Rename it with letters and digits")
    inside = subfolder(folder, "photos")
    files, left_out = photos_in(inside, f"{inside.name}/") if inside else ([], [])
    if not files:
        files, more = photos_in(folder)
        left_out += [entry for entry in more if not inside or entry.file != f"{inside.name}/"]
    if not files:
        listed = "; ".join(["", *by_reason(left_out, 3)])
        raise BadInput(f"{folder} contains no photos{listed}", remedy=photos_remedy(folder / "photos"))
    return files


def survey(folder: Path, photos: Sequence[Path], on_progress: Callable[[int, int, str], None]) -> Survey:
    """Decode every photo as ingest does. Raises one BadInput with all unusable files, MissingEngine."""
    shots: list[ShotPhoto] = []
    faults: list[str] = []
    for count, path in enumerate(photos, start=1):
        try:
            shots.append(_shot(path))
        except MissingEngine as error:
            raise MissingEngine(f"{path}: {error.what}", remedy=error.remedy) from None
        except BadInput as error:
            faults.append(f"{path.name}: {error.what}")
        on_progress(count, len(photos), path.name)
    if faults:
        more = len(faults) - NAMES_IN_MESSAGES
        listed = "; ".join(faults[:NAMES_IN_MESSAGES]) + (f"; and {more} more" if more > 0 else "")
        what = f"{photos[0].parent}: {len(faults)} of {len(photos)} photos cannot be used: {listed}"
        raise BadInput(what, remedy="Replace or remove these files")
    by_time = all(shot.captured_at for shot in shots)
    ordered = tuple(sorted(shots, key=_time_and_name if by_time else _natural_name))
    return Survey(ordered, by_time, photos[0].parent == folder, guess_rig(ordered), _left_out(folder, photos))


def guess_rig(photos: Sequence[ShotPhoto]) -> RigGuess:
    """Guess turntable if the frame's edge, which shows the backdrop, is the same in all photos, else handheld."""
    if len(photos) < 2:
        return RigGuess(rig="turntable", because="one photo is not enough to tell, and a turntable is usual")
    if len({(shot.width_px, shot.height_px) for shot in photos}) > 1:
        return RigGuess(rig="handheld", because="the photos differ in size")
    if len({shot.camera for shot in photos}) > 1:
        return RigGuess(rig="handheld", because="the photos are from different cameras")
    change = _edge_change(photos)
    if change <= EDGE_CHANGE_AT_MOST:
        return RigGuess(rig="turntable", because="the edge of the frame is the same from photo to photo")
    return RigGuess(rig="handheld", because="the edge of the frame changes from photo to photo")


def _edge_change(photos: Sequence[ShotPhoto]) -> float:
    """Median over consecutive photos of the mean difference of the outermost pixels, in grey levels at equal exposure.

    The median, because in a turntable shoot the camera moves once between two rings.
    """
    edge = np.ones((SMALL_PX, SMALL_PX), dtype=bool)
    edge[EDGE_PX:-EDGE_PX, EDGE_PX:-EDGE_PX] = False
    edges = [shot.small[edge] * 128 / max(1.0, float(shot.small[edge].mean())) for shot in photos]
    return float(np.median([np.abs(after - before).mean() for before, after in pairwise(edges)]))


def _left_out(folder: Path, photos: Sequence[Path]) -> tuple[str, ...]:
    """Other entries in `folder` and beside the photos, relative to `folder`, but not the shoot's own."""
    with readable():
        entries = {*folder.iterdir(), *photos[0].parent.iterdir()}
    own = {folder / "shoot.yaml", photos[0].parent, subfolder(folder, "photos"), subfolder(folder, "mattes"), *photos}
    others = (path for path in entries - own if not is_of_system(path) and path.name != ".shoot.yaml.part")
    return tuple(sorted(printable(str(path.relative_to(folder))) for path in others))


def _shot(path: Path) -> ShotPhoto:
    photo = read_photo(path)
    height, width = photo.rgb.shape[:2]
    grey = cv2.cvtColor(photo.rgb, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (SMALL_PX, SMALL_PX), interpolation=cv2.INTER_AREA).astype(np.float64)
    return ShotPhoto(path, width, height, photo.exif.captured_at, photo.exif.camera, small)


def _time_and_name(shot: ShotPhoto) -> tuple[Any, ...]:
    moment = shot.captured_at
    return (moment and moment.replace(tzinfo=None), *_natural_name(shot))


def _natural_name(shot: ShotPhoto) -> tuple[Any, ...]:
    """Sort key by name with numbers by value: IMG_2 before IMG_10."""
    parts = re.split(r"(\d+)", shot.path.name.lower())
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)
