"""Channels as data: what a shop or network requires, one YAML file per channel beside this module."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from pipeline.core.backdrops import BackdropKind
from pipeline.core.domain import Frozen, Name
from pipeline.core.errors import BadInput
from pipeline.core.media import ending_of
from pipeline.core.yaml_file.nodes import compose, value_of

FOLDER = Path(__file__).parent
LOSSLESS = frozenset({"image/png", "image/tiff"})


class Framing(Frozen):
    """Where the product stands in the frame. Its box is measured where the matte is at least half opaque."""

    fill: float = Field(gt=0, le=1, description="the product's share of the frame on its limiting side")
    foot: float | None = Field(
        default=None,
        gt=0,
        le=1,
        description="height of the product's lowest point as a share of the frame, from the top; centred if left out",
    )


class Channel(Frozen):
    """One channel. Without `width_px` and `height_px`, the picture keeps its own frame and pixels."""

    name: Name = Field(description="the channel's name in shoot.yaml: the file's name without its ending")
    title: str = Field(description="what people call the channel")
    rules: str = Field(description="where the channel's rules come from")
    width_px: int | None = Field(
        default=None, ge=64, le=10000, description="width of the frame; smaller if the photo has too few pixels"
    )
    height_px: int | None = Field(default=None, ge=64, le=10000, description="height of the frame, like `width_px`")
    plain: Framing = Field(default=Framing(fill=0.85), description="framing over a solid colour or a gradient")
    scene: Framing | None = Field(
        default=None, description="framing over a painted backdrop; the same as `plain` if left out"
    )
    fill_at_least: float = Field(
        default=0.0, ge=0, le=1, description="least share of the frame on the product's limiting side"
    )
    margin_at_least: float = Field(
        default=0.0, ge=0, lt=0.5, description="least margin on each side, as a share of the frame's shorter side"
    )
    media_type: Literal["image/jpeg", "image/webp", "image/avif", "image/png", "image/tiff"] = Field(
        description="format of the files"
    )
    quality: int = Field(
        default=94, ge=60, le=100, description="quality of the JPEG, WebP or AVIF encoder; PNG and TIFF are lossless"
    )
    bit_depth: Literal[8, 16] = Field(default=8, description="bits per colour; 16 requires PNG or TIFF")
    bytes_at_most: int | None = Field(default=None, gt=0, description="largest permitted file")
    long_side_at_least_px: int = Field(
        default=0, ge=0, description="least length of the longer side; the frame never gets smaller than that"
    )
    backdrops: tuple[BackdropKind, ...] = Field(min_length=1, description="kinds of backdrop that the channel accepts")
    pure_white: bool = Field(default=False, description="the background must be 255, 255, 255 in the encoded file")
    white_guard_px: int = Field(
        default=12, ge=0, description="with `pure_white`: width of the band around the product that is exempt"
    )
    shadow: bool = Field(default=True, description="whether the drawn shadow is added")
    sells: bool = Field(
        default=True,
        description="its assets advertise or sell, so a plan refuses checkpoints whose licence forbids that",
    )
    rendered: Literal["allow", "review", "reject"] = Field(
        default="allow", description="how angles that were rendered instead of photographed are judged"
    )
    upscale_at_most: float = Field(default=1.5, gt=0, description="enlargement above which an asset goes to review")

    title_at_most: int | None = Field(default=None, ge=20, le=2000, description="characters of the product's title")
    title_repeats_at_most: int | None = Field(
        default=None, ge=1, description="how often a word may occur in the product's title"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.width_px is None) != (self.height_px is None):
            raise ValueError(
                "width_px and height_px go together: give both, or neither to keep the picture's own frame"
            )
        if self.bit_depth == 16 and self.media_type not in LOSSLESS:
            raise ValueError(f"bit_depth 16 needs media_type image/png or image/tiff, not {self.media_type}")
        if self.media_type == "image/jpeg" and self.quality < 92:
            raise ValueError(f"quality {self.quality} does not preserve the product's colours; a JPEG needs 92 or more")
        if self.plain.fill < self.fill_at_least:
            raise ValueError(f"plain.fill {self.plain.fill} is below fill_at_least {self.fill_at_least}")
        if self.pure_white and (self.backdrops != ("solid",) or self.shadow):
            raise ValueError("pure_white allows only solid backdrops and no shadow")
        return self

    @property
    def extension(self) -> str:
        """File name extension, with the dot."""
        return ending_of(self.media_type)

    def frame_px(self, shrink: float = 1.0) -> tuple[int, int]:
        """Return width and height scaled by `shrink`, never below `long_side_at_least_px` and never larger."""
        if self.width_px is None or self.height_px is None:
            raise ValueError(f"channel {self.name} has no frame of its own")
        long_side = max(self.width_px, self.height_px)
        factor = min(1.0, max(shrink, self.long_side_at_least_px / long_side))
        return int(self.width_px * factor + 1e-6), int(self.height_px * factor + 1e-6)

    def framing(self, kind: BackdropKind) -> Framing:
        """Return the framing over a backdrop of this kind: a painted backdrop has a floor and needs more room."""
        return self.scene if self.scene is not None and kind == "diffusion" else self.plain


def channel_names(folder: Path = FOLDER) -> list[str]:
    """Names of the channels in the folder, sorted."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def load_channel(name: str, folder: Path = FOLDER) -> Channel:
    """Load the channel `name`. Raises BadInput when it does not exist or its file is not valid."""
    if name not in channel_names(folder):
        raise BadInput(f"no channel is named {name!r}", remedy=f"Use one of {', '.join(channel_names(folder))}")
    path = folder / f"{name}.yaml"
    try:
        return Channel.model_validate({"name": name, **value_of(compose(path.read_bytes(), path))})
    except (ValidationError, TypeError) as error:
        raise BadInput(f"{path} is not a valid channel: {error}", remedy="Correct the file") from error
