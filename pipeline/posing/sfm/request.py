"""The request to the SfM process and its answer. Both processes import this, so it loads no pycolmap and no Pillow."""

from typing import Literal

from pydantic import Field

from pipeline.core.domain import Frozen
from pipeline.core.records import Up
from pipeline.posing.frame import Rig

Recipe = Literal["plain", "reseeded", "complete", "relaxed", "dense", "joined"]


class PoseParams(Frozen):
    """The settings of SfM. By default, 24 photos half filled by the product take under 30 s on two cores."""

    rig: Rig = "turntable"
    """How the photos were taken: see pipeline/posing/frame.py."""
    max_side_px: int = Field(default=1200, ge=128, le=8192)
    """Features are extracted from photos scaled down to this long side."""
    max_features: int = Field(default=4096, ge=64, le=65536)
    """Maximum number of features per photo, on the product if there are masks; those of the largest scale are kept."""
    partners: int = Field(default=12, ge=2)
    """Each photo is matched with this many photos that resemble it most in a first look, and with its neighbours."""
    seed: int = Field(default=0, ge=0)
    """Seed of RANSAC and of the mapper."""
    mask_dilation_px: int = Field(default=4, ge=0, le=64)
    """Masks are dilated by this many px (at `max_side_px`), so that features on the outline are kept."""
    timeout_seconds: float = Field(default=600.0, gt=0)
    """The SfM process is killed after this many seconds."""
    enough_fraction: float = Field(default=0.95, gt=0, le=1)
    """No further attempt is made when at least this share of the photos is registered without strays."""


class CameraGroup(Frozen):
    """Photos of one size that share one camera.

    `prior` is (focal_px, cx_px, cy_px, k) from EXIF; None: a guess.
    """

    names: tuple[str, ...]
    width_px: int
    height_px: int
    prior: tuple[float, float, float, float] | None


class Crop(Frozen):
    """The part of a photo in which features are sought: photo px = (crop px + (left, top)) / scale."""

    name: str
    left_px: int
    top_px: int
    width_px: int
    height_px: int
    scale_x: float
    scale_y: float


class PoseRequest(Frozen):
    """The input of the SfM process. Paths are absolute."""

    photos: str
    """Folder of images."""
    crops: str
    """Folder of `<long side>/<image name>`, grey, and `<image name>.npy`, True where features are allowed."""
    sides: dict[int, tuple[Crop, ...]]
    """The crops by long side in px."""
    out: str
    """An empty folder for the database, the models and `result.json`."""
    silhouettes: str | None = None
    """An .npz file, `<photo>.mask` -> [h, w] bool; None without masks."""
    groups: tuple[CameraGroup, ...]
    pairs: tuple[tuple[str, str], ...] | None
    """Image names to match, and no others; None: chosen by a first look."""
    params: PoseParams
    recipes: tuple[Recipe, ...]
    """The attempts that may be made."""
    threads: int


class Attempt(Frozen):
    """One attempt: the name of its recipe and its result. `strays`: see pipeline/posing/sfm/strays.py.

    `models`: the image names of each model, the chosen one first. A photo can be in two models.
    `joined`: the image names of each model that was joined to the first. `pairs`: pairs of photos that were matched.
    """

    name: Recipe
    registered: int
    strays: int
    points: int
    reprojection_error_px: float
    models: tuple[tuple[str, ...], ...]
    joined: tuple[tuple[str, ...], ...] = ()
    pairs: int
    seconds: float

    @property
    def rank(self) -> tuple[int, int]:
        """Sort key of attempts, higher is better: registered photos without strays, then points."""
        return self.registered - self.strays, self.points


class PoseAnswer(Frozen):
    """The answer of the SfM process. `sparse`: folder of the chosen model, None when no attempt gave one.

    `apart`: the photos (stems) of each further model that no match ties to the chosen one. `joined`: the photos of each
    half of a product turned over that was posed on its own and joined to the others.
    """

    sparse: str | None
    joined: tuple[tuple[str, ...], ...] = ()
    apart: tuple[tuple[str, ...], ...] = ()
    attempts: tuple[Attempt, ...]
    seconds: float
    peak_memory_mb: float


class PoseReport(Frozen):
    """The report on an SfM run. `seconds` and `peak_memory_mb` are those of the SfM process.

    `strays`: photo -> its deviation from its ring in degrees; strays are left out, and so are in `not_registered`.
    `apart`: the photos of each further model, which shares no detail with the first: the product was turned over.
    `joined`: those of each further model that was joined to the first, by what both show and by their silhouettes.
    `attempts`: the recipes tried, with the number of photos registered. `ring_residual_deg` is small (0.2) for a camera
    on a tripod, and None without rings. `up`: where up comes from, and how far it can be believed.
    `by_order`: only photos that follow each other were matched, because sides of the product look alike.
    """

    photos: int
    registered: int
    not_registered: tuple[str, ...]
    strays: dict[str, float]
    reprojection_error_px: float
    points: int
    apart: tuple[tuple[str, ...], ...] = ()
    joined: tuple[tuple[str, ...], ...] = ()
    attempts: tuple[str, ...]
    rings: int
    ring_residual_deg: float | None
    up: Up
    by_order: bool = False
    largest_gap_deg: float
    seconds: float
    peak_memory_mb: float
