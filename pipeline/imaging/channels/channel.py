"""Channels as data: what a shop or a network wants, one YAML file each, in `channels/` beside this module."""

from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from pipeline.core.domain import Frozen, Name
from pipeline.core.errors import BadInput
from pipeline.core.media import ending_of

FOLDER = Path(__file__).parent
LOSSLESS = frozenset({"image/png", "image/tiff"})
BackdropKind = Literal["solid", "gradient", "diffusion"]


class Framing(Frozen):
    """Where the product stands in the frame. Its box is measured on the half-opaque edge of the matte."""

    fill: float = Field(gt=0, le=1, description="the product's share of the frame on the side that limits it")
    foot: float | None = Field(
        default=None, gt=0, le=1, description="height of the product's lowest point, from the top; None: centred"
    )


class Channel(Frozen):
    """One channel. Without `width_px` and `height_px` the picture keeps its own frame and pixels."""

    name: Name
    title: str
    rules: str = Field(description="where the rules come from, in words")
    width_px: int | None = Field(default=None, ge=64, le=10000, description="where the photo has pixels enough")
    height_px: int | None = Field(default=None, ge=64, le=10000)
    plain: Framing = Framing(fill=0.85)
    scene: Framing | None = Field(default=None, description="framing over a painted backdrop; None: as on a plain one")
    fill_at_least: float = Field(default=0.0, ge=0, le=1, description="of the frame, on the side that limits it")
    margin_at_least: float = Field(default=0.0, ge=0, lt=0.5, description="of the frame's shorter side, on each side")
    media_type: Literal["image/jpeg", "image/webp", "image/avif", "image/png", "image/tiff"]
    quality: int = Field(
        default=94, ge=60, le=100, description="of the JPEG, WebP or AVIF encoder; others lose nothing"
    )
    bit_depth: Literal[8, 16] = 8
    bytes_at_most: int | None = Field(default=None, gt=0)
    long_side_at_least_px: int = Field(default=0, ge=0)
    backdrops: tuple[BackdropKind, ...] = Field(min_length=1, description="kinds of backdrop that the channel takes")
    pure_white: bool = Field(default=False, description="only a backdrop of 255, also in the encoded file")
    white_guard_px: int = Field(default=12, ge=0, description="around the product, where a codec may err")
    shadow: bool = Field(default=True, description="whether the channel wants the drawn shadow")
    rendered: Literal["allow", "review", "reject"] = Field(
        default="allow", description="what becomes of angles that were rendered instead of photographed"
    )
    upscale_at_most: float = Field(default=1.5, gt=0, description="enlargement above which a person must look")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.width_px is None) != (self.height_px is None):
            raise ValueError("width_px and height_px go together: give both, or neither for the picture's own frame")
        if self.bit_depth == 16 and self.media_type not in LOSSLESS:
            raise ValueError(f"bit_depth 16 needs media_type image/png or image/tiff, not {self.media_type}")
        if self.media_type == "image/jpeg" and self.quality < 92:
            raise ValueError(f"quality {self.quality} cannot keep the product's colours; a JPEG needs 92 or more")
        if self.plain.fill < self.fill_at_least:
            raise ValueError(f"plain.fill {self.plain.fill} is below fill_at_least {self.fill_at_least}")
        if self.pure_white and (self.backdrops != ("solid",) or self.shadow):
            raise ValueError("pure_white takes only solid backdrops and no shadow")
        return self

    @property
    def extension(self) -> str:
        """File ending, with the dot."""
        return ending_of(self.media_type)

    def frame_px(self, shrink: float = 1.0) -> tuple[int, int]:
        """Width and height made smaller by a factor, but not below `long_side_at_least_px`; never larger."""
        if self.width_px is None or self.height_px is None:
            raise ValueError(f"channel {self.name} has no frame of its own")
        long_side = max(self.width_px, self.height_px)
        factor = min(1.0, max(shrink, self.long_side_at_least_px / long_side))
        return int(self.width_px * factor + 1e-6), int(self.height_px * factor + 1e-6)

    def framing(self, kind: BackdropKind) -> Framing:
        """The framing over a backdrop of this kind: painted backdrops have a floor and want more room."""
        return self.scene if self.scene is not None and kind == "diffusion" else self.plain


def channel_names(folder: Path = FOLDER) -> list[str]:
    """Names of the channels that exist, sorted."""
    return sorted(path.stem for path in folder.glob("*.yaml"))


def load_channel(name: str, folder: Path = FOLDER) -> Channel:
    """The channel `name`. Raises BadInput when there is none, or when its file does not say what a channel must say."""
    if name not in channel_names(folder):
        raise BadInput(f"no channel is named {name!r}", remedy=f"use one of {', '.join(channel_names(folder))}")
    path = folder / f"{name}.yaml"
    try:
        return Channel.model_validate({"name": name, **yaml.safe_load(path.read_text(encoding="utf-8"))})
    except (ValidationError, yaml.YAMLError, TypeError) as error:
        raise BadInput(f"{path} describes no channel: {error}", remedy="correct the file") from error
