"""The tiles of a contact sheet: photos and cut-outs, angles, finished assets."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.core.records import AssetRecord, Picture


@dataclass(frozen=True)
class PhotoTile:
    """A photo or a cut-out with its name. `file` is an image; its suffix does not matter."""

    name: str
    file: Path


@dataclass(frozen=True)
class AngleTile:
    """A requested angle and its RGBA picture; None if it was refused."""

    picture: Picture
    file: Path | None


@dataclass(frozen=True)
class AssetTile:
    """A finished asset: its record and its file."""

    record: AssetRecord
    file: Path
