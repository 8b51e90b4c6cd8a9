"""Reads a shoot: `shoot.yaml` and the photos beside it. The schema below is the documentation of `shoot.yaml`."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from pipeline.domain import Angle, Frozen, Name
from pipeline.errors import BadInput
from pipeline.records import Backdrop, Edits, Light

PHOTO_ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp"})
MAX_YAML_BYTES = 1_000_000
Text = Annotated[str, Field(min_length=1, max_length=2000)]
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9 ._()-]{0,119}$")]


class Capture(Frozen):
    """How the photos were taken."""

    rig: Literal["turntable", "handheld"] = "turntable"
    backdrop: str = Field(default="", max_length=200, description="what stands behind the product, for people")
    light: Light | None = Field(default=None, description="the main lamp as the camera sees it: it throws the shadows")
    hangs: float = Field(
        default=0.0, ge=0, le=1, description="share of the product's height between it and the floor: garments hang"
    )
    front: FileName = Field(description="the photo that shows the product's front, azimuth 0")
    named: dict[Name, FileName] = Field(
        default={}, description="angle name -> the photo that serves it, whatever its pose"
    )


class Shoot(Frozen):
    """One product, as `shoot.yaml` describes it."""

    sku: Name
    collection: Name
    title: Text
    brand: Text
    category: Text
    attributes: dict[str, str] = {}
    capture: Capture
    angles: tuple[Angle, ...] = Field(min_length=1, max_length=64)
    backdrops: tuple[Backdrop, ...] = Field(min_length=1, max_length=32)
    channels: tuple[Name, ...] = Field(min_length=1, max_length=32)
    edits: dict[Name, Edits] = Field(default={}, description="angle name -> exact edits of its picture")
    brief: str | None = Field(default=None, max_length=4000, description="what the copywriter should know")

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        for what, names in (
            ("angles", [angle.name for angle in self.angles]),
            ("backdrops", [backdrop.name for backdrop in self.backdrops]),
            ("channels", list(self.channels)),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what} holds {', '.join(twice)} twice; give each its own name")
        return self


def read_shoot(folder: Path) -> Shoot:
    """Read and check `folder`/shoot.yaml. Raises BadInput that names the file, the field, the value and the remedy."""
    path = folder / "shoot.yaml"
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise BadInput(f"{path} does not exist", remedy="write one; README.md shows how") from None
    shoot = parse_shoot(data, path)
    names = {photo.name for photo in list_photos(folder)}
    wanted = {"capture.front": shoot.capture.front} | {f"capture.named.{a}": p for a, p in shoot.capture.named.items()}
    for field, name in wanted.items():
        if name not in names:
            raise BadInput(
                f"{path}: {field}: {name!r} is not in {folder / 'photos'}", remedy="name a photo of this shoot"
            )
    angles = {angle.name for angle in shoot.angles}
    for field, given in (("capture.named", shoot.capture.named), ("edits", shoot.edits)):
        for name in given:
            if name not in angles:
                raise BadInput(
                    f"{path}: {field}: {name!r} is no requested angle", remedy=f"use one of {sorted(angles)}"
                )
    return shoot


def parse_shoot(data: bytes, path: Path) -> Shoot:
    """Check the text of a shoot.yaml; `path` is for the messages."""
    if len(data) > MAX_YAML_BYTES:
        raise BadInput(f"{path} has {len(data)} bytes", remedy=f"keep it under {MAX_YAML_BYTES}")
    try:
        value = yaml.safe_load(data)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} is not YAML: {' '.join(str(error).split())}", remedy="mend the line it names") from None
    if not isinstance(value, dict):
        raise BadInput(f"{path} holds {type(value).__name__}, not fields", remedy="start it with `sku: ...`")
    try:
        return Shoot.model_validate(value)
    except ValidationError as error:
        raise BadInput(f"{path}: {_in_words(error)}", remedy="see the schema of shoot.yaml in README.md") from None


def list_photos(folder: Path) -> list[Path]:
    """The image files in `folder`/photos, sorted by name; no links, no folders. Raises BadInput when there are none."""
    photos = folder / "photos"
    if not photos.is_dir():
        raise BadInput(f"{photos} is no folder", remedy="put the photos of the shoot there")
    found = sorted(
        path
        for path in photos.iterdir()
        if path.suffix.lower() in PHOTO_ENDINGS and path.is_file() and not path.is_symlink()
    )
    if not found:
        raise BadInput(
            f"{photos} holds no photos", remedy=f"put files ending in {', '.join(sorted(PHOTO_ENDINGS))} there"
        )
    return found


def list_mattes(folder: Path) -> list[Path]:
    """Mattes made by hand: `folder`/mattes/<photo>.png, sorted by name; empty when there are none."""
    return sorted(path for path in (folder / "mattes").glob("*.png") if path.is_file() and not path.is_symlink())


def listing(folder: Path) -> list[tuple[str, int, int]]:
    """(name, bytes, mtime in ns) of shoot.yaml and of every photo and matte: cheap to compare night by night."""
    files = [folder / "shoot.yaml", *list_photos(folder), *list_mattes(folder)]
    return [(f.relative_to(folder).as_posix(), s.st_size, s.st_mtime_ns) for f in files for s in [f.stat()]]


def _in_words(error: ValidationError) -> str:
    """The first few findings as `field: message (got value)`."""
    found: list[Any] = list(error.errors())
    words = [f"{'.'.join(map(str, e['loc'])) or 'shoot'}: {e['msg']} (got {str(e['input'])[:60]!r})" for e in found[:3]]
    return "; ".join(words) + (f"; and {len(found) - 3} more" if len(found) > 3 else "")
