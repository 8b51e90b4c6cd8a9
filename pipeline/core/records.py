"""Records that stages exchange as JSON artifacts, written with `dump_json` and read with `load_list`."""

from datetime import datetime
from typing import Any, Literal, TypeVar

from pydantic import Field, TypeAdapter

from pipeline.core.backdrops import Backdrop, BackdropKind, Colour
from pipeline.core.domain import Angle, AngleDecision, Frozen, Name, View
from pipeline.core.edits import Edits
from pipeline.core.measured import Likeness, RenderFaults, Shares, SilhouetteAgreement
from pipeline.core.retouches import Alteration

Homography = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]


class PhotoFacts(Frozen):
    """Facts about one photo, from ingest.

    `photo`: the safe name by which all later stages refer to it; `source_name`: the file's name as shot.
    """

    photo: Name
    source_name: str
    width_px: int
    height_px: int
    captured_at: datetime | None = None
    camera: str | None = None
    focal_px: float | None = Field(default=None, description="from EXIF, in px of the ingested photo; None if unknown")
    sharpness: float = Field(
        description="variance of the luma's Laplacian at 1000 px on the long side; higher is sharper"
    )
    exposure_ev: float = Field(description="median log2 luminance minus the shoot's median, in stops")
    clipped_fraction: float = Field(description="share of px with a channel at 255, 0 to 1")
    notes: tuple[str, ...] = Field(default=(), description="what was converted or guessed to decode it")


class SeenTable(Frozen):
    """The table that the product stands on, as a look at the whole photos saw it.

    `confidence`: 0 to 1, 0 if no table was seen. `up_in_camera`: photo -> the table's normal, a unit vector in the axes
    of the photo's camera (x right, y down, z forward).
    """

    confidence: float = Field(default=0.0, ge=0, le=1)
    up_in_camera: dict[Name, tuple[float, float, float]] = {}


class LeftOut(Frozen):
    """A file or folder of a shoot that is not used. `file`: its path in the shoot's folder; `reason`: why."""

    file: str
    reason: str


class Validation(Frozen):
    """How well a splat matches, inside the product, a validation photo: one that it was not fitted to."""

    photo: Name
    psnr_db: float
    ssim: float
    alpha_iou: float
    side_px: int | None = Field(default=None, description="long side at which the splat was fitted to the photos")


class Picture(Frozen):
    """One requested angle after rendering: where its RGBA picture comes from, or why there is none.

    `source`: `captured` (the photo `photo`, cut out), `rendered` (from the splat) or `refused` (no picture; `reason`
    says why). `edits`: already applied to the picture. `view`: its camera in the product frame, if known. A change of
    perspective cannot be described by a camera: then `view` is the camera before the edits, and the homography
    `picture_from_view`, otherwise None, maps its px to the picture's. `likenesses`: of a rendered picture, how well
    pictures that were made like it match the photos around it. `silhouette`: of a captured picture, if there is a splat
    and the photo has a pose. `shares`: where its colours come from, None for a refused angle; `detail_photos`: of a
    rendered picture, the photos whose detail it has. `fitted`: px of the photos as the splat was fitted to them, per px
    of the rendered picture before its edits, at most 1; None if unknown. `faults`: of a rendered picture.
    """

    angle: Angle
    source: Literal["captured", "rendered", "refused"]
    photo: str | None = None
    nearest_photo: str | None = None
    view: View | None = None
    edits: Edits | None = None
    resized: float = Field(default=1.0, description="factor by which the edits enlarged the picture")
    picture_from_view: Homography | None = None
    likenesses: tuple[Likeness, ...] = ()
    silhouette: SilhouetteAgreement | None = None
    refined: bool = Field(default=False, description="a generative model has added detail to the product")
    shares: Shares | None = None
    detail_photos: tuple[str, ...] = ()
    alterations: tuple[Alteration, ...] = ()
    fitted: float | None = None
    faults: RenderFaults | None = None
    code: str | None = Field(default=None, description="of a refused angle's reason; see pipeline.core.reasons")
    reason: str


class Caption(Frozen):
    """Text for the shop. `engine` says what wrote it, so that measured text is never taken for a writer's."""

    engine: str
    model: str | None = None
    language: str = "en"
    title: str
    description: str
    bullets: tuple[str, ...] = Field(default=(), description="selling points, one short phrase each")
    titles: dict[str, str] = Field(default={}, description="channel name to the title within that channel's rules")
    alt_text: str
    alt_texts: dict[str, str] = Field(default={}, description="alt text per angle; each names the side it shows")
    attributes: dict[str, str]
    prompt: str = Field(description="prompt for the backdrop: what is in the picture, in plain words")


class Light(Frozen):
    """The main lamp as the camera sees it. The rest of the light comes from all around."""

    azimuth_deg: float = Field(
        default=-40.0, ge=-180, le=180, description="0: from behind the camera; positive: from the picture's right"
    )
    elevation_deg: float = Field(default=48.0, ge=15, le=90, description="above the floor; 90 is straight above")
    softness: float = Field(default=0.6, ge=0, le=1, description="0: a small, distant lamp; 1: a very large softbox")
    strength: float = Field(
        default=0.45, ge=0, le=1, description="the lamp's share of the light that reaches the floor"
    )

    @property
    def radius_deg(self) -> float:
        """The lamp's angular radius, seen from the product."""
        return 2 + 28 * self.softness


class LevelPhoto(Frozen):
    """A photo whose roll the photographer states, which tells where up is."""

    photo: str = Field(min_length=1, max_length=120, description="file name of the photo")
    roll_deg: float = Field(
        default=0.0,
        ge=-180,
        le=180,
        description="by how many degrees the picture has to be turned clockwise to stand upright",
    )


UpName = Literal["capture.up", "turntable", "table", "base", "horizon"]


class Up(Frozen):
    """Which way is up, as estimated by sfm.

    `source`: see pipeline/posing/up.py. `confidence`: the probability that up is within 2 deg of the truth, 0 to 1.
    `deviation_deg`: other source -> the angle between its up and the chosen one.
    """

    source: UpName
    confidence: float
    deviation_deg: dict[str, float] = {}


class BackdropPicture(Frozen):
    """One backdrop picture, made for one angle, and how it was made."""

    angle: Name
    backdrop: Name
    kind: BackdropKind
    alterations: tuple[Alteration, ...] = ()
    path: str = Field(description="path in the tree `backdrops`")
    prompt: str | None = None
    seed: int | None = None
    start: Literal["noise", "scene"] | None = Field(default=None, description="what diffusion started from")
    shadow_painted: bool = Field(default=False, description="the picture already contains the product's shadow")
    checks: "tuple[Check, ...]" = Field(default=(), description="what composite cannot check again")


class Check(Frozen):
    """One measurement of one asset and its threshold. `passed` None: for information only."""

    name: Name
    value: float
    unit: str
    threshold: float | None = None
    passed: bool | None = None
    severity: Literal["reject", "review", "info"] = "reject"
    words: str = Field(description="what the measurement means for this asset, for a person to read")


class AssetRecord(Frozen):
    """One finished file for one channel, and the results of its checks. `shares`: those of its `Picture`."""

    angle: Name
    backdrop: Name
    channel: Name
    path: str = Field(description="path in the tree `assets`")
    media_type: str
    width_px: int
    height_px: int
    source: Literal["captured", "rendered"]
    shares: Shares | None = None
    alterations: tuple[Alteration, ...] = ()
    verdict: Literal["published", "in review", "rejected"]
    reasons: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()


T = TypeVar("T", bound=Frozen)


def dump_json(records: "list[Any] | tuple[Any, ...] | Frozen") -> bytes:
    """Serialise records as readable UTF-8 JSON; the same records always give the same bytes."""
    import json

    value = (
        records.model_dump(mode="json") if isinstance(records, Frozen) else [r.model_dump(mode="json") for r in records]
    )
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()


def load_list(kind: type[T], data: bytes) -> list[T]:
    """Parse a JSON list of records. Raises pydantic.ValidationError when `data` is not one."""
    return TypeAdapter(list[kind]).validate_json(data)  # type: ignore[valid-type]


__all__ = [
    "Alteration",
    "AngleDecision",
    "AssetRecord",
    "Backdrop",
    "BackdropKind",
    "BackdropPicture",
    "Caption",
    "Check",
    "Colour",
    "Edits",
    "Homography",
    "LeftOut",
    "LevelPhoto",
    "Light",
    "PhotoFacts",
    "Picture",
    "RenderFaults",
    "Shares",
    "SilhouetteAgreement",
    "Up",
    "UpName",
    "Validation",
    "View",
    "dump_json",
    "load_list",
]
