"""What a contact sheet shows: photos and cut-outs, angles, finished assets."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.core.records import AssetRecord, Picture


@dataclass(frozen=True)
class PhotoTile:
    """A photo or a cut-out by its name; `file` is an image whatever it is called."""

    name: str
    file: Path


@dataclass(frozen=True)
class AngleTile:
    """A requested angle and its RGBA picture; None when it was refused."""

    picture: Picture
    file: Path | None


@dataclass(frozen=True)
class AssetTile:
    """A finished asset, its verdict and its file."""

    record: AssetRecord
    file: Path
