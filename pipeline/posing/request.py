"""What the SfM process is asked and what it answers. Both sides import it, so it loads neither pycolmap nor Pillow."""

from typing import Literal

from pydantic import Field

from pipeline.core.domain import Frozen
from pipeline.posing.frame import Rig


class PoseParams(Frozen):
    """What changes the poses. Defaults: 24 photos of a product that fills half the frame in under 30 s on two cores."""

    rig: Rig = "turntable"
    """What the cameras are known to do: see pipeline/posing/frame.py."""
    max_side_px: int = Field(default=1200, ge=128, le=8192)
    """Features are found in photos scaled down to this long side."""
    max_features: int = Field(default=4096, ge=64, le=65536)
    """Features per photo; the ones of the largest scale are kept."""
    exhaustive_up_to: int = Field(default=60, ge=2)
    """Shoots of up to this many photos match every pair; larger ones neighbours and ever wider steps round the ring."""
    seed: int = Field(default=0, ge=0)
    """For RANSAC and the mapper's choices."""
    mask_dilation_px: int = Field(default=4, ge=0, le=64)
    """Masks grow by this much (at `max_side_px`), so that features on the outline are kept."""
    timeout_seconds: float = Field(default=600.0, gt=0)
    """The SfM process is killed after this long."""
    enough_fraction: float = Field(default=0.95, gt=0, le=1)
    """With at least this share of photos registered, all in their rings, no further attempt is made."""


class CameraGroup(Frozen):
    """Photos that share one camera. `prior` is (focal_px, cx_px, cy_px, k) from EXIF, or None: COLMAP guesses."""

    names: tuple[str, ...]
    prior: tuple[float, float, float, float] | None


class PoseRequest(Frozen):
    """Everything the SfM process needs. Paths are absolute."""

    photos: str
    """Folder of images."""
    masks: str | None
    """Folder of `<image name>.png`, white where features count; None: everywhere."""
    out: str
    """An empty folder: database, models and `result.json` go there."""
    groups: tuple[CameraGroup, ...]
    pairs: tuple[tuple[str, str], ...] | None
    """Image names to match; None: every pair."""
    params: PoseParams
    threads: int


class Attempt(Frozen):
    """One try at a model, with the settings' name and what came out. `strays`: see pipeline/posing/strays.py."""

    name: Literal["plain", "reseeded", "relaxed", "dense"]
    registered: int
    strays: int
    points: int
    reprojection_error_px: float
    models: int
    seconds: float


class PoseAnswer(Frozen):
    """What the SfM process did. `sparse`: folder of the chosen model, None when no attempt found one."""

    sparse: str | None
    attempts: tuple[Attempt, ...]
    seconds: float
    peak_memory_mb: float


class PoseReport(Frozen):
    """How posing went. `seconds` and `peak_memory_mb` are those of the SfM process.

    `strays`: photo -> degrees by which it missed its ring; left out, and so among `not_registered`. `attempts`: the
    recipes tried, with their yield. `ring_residual_deg` is small (0.2) for a camera on a tripod and large (2) for one
    held by hand.
    """

    photos: int
    registered: int
    not_registered: tuple[str, ...]
    strays: dict[str, float]
    reprojection_error_px: float
    points: int
    attempts: tuple[str, ...]
    rings: int
    ring_residual_deg: float
    largest_gap_deg: float
    seconds: float
    peak_memory_mb: float
