"""Reads a shoot: `shoot.yaml` and the photos beside it.

The reference page of shoot.yaml is generated from the models below; a field's description is its documentation.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from pipeline.core.domain import Angle, Frozen, Name
from pipeline.core.errors import BadInput, readable
from pipeline.core.photo.limits import PHOTO_ENDINGS
from pipeline.core.records import Backdrop, Edits, LevelPhoto, Light

MAX_YAML_BYTES = 1_000_000
MAX_YAML_DEPTH = 20
MAX_YAML_VALUES = 20_000
Text = Annotated[
    str, Field(min_length=1, max_length=2000, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]+$")
]  # no control characters: a terminal or a product feed would interpret them
FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9 ._()-]{0,119}$")]


class Capture(Frozen):
    """How the photos were taken."""

    rig: Literal["turntable", "handheld"] = Field(
        default="turntable",
        description="turntable: the camera stands still and the product turns; handheld: the camera walks around it",
    )
    backdrop: str = Field(
        default="", max_length=200, description="what stands behind the product; a note for people, no step reads it"
    )
    light: Light | None = Field(
        default=None, description="the main lamp as the camera sees it; it casts the shadows of every asset"
    )
    hangs: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="gap between the product and the floor, as a share of the product's height; for hanging garments",
    )
    up: tuple[LevelPhoto, ...] = Field(
        default=(),
        max_length=32,
        description="photos and by how much each is rolled, where the photos alone cannot tell which way is up; best "
        "two or more, from sides about 90° apart",
    )
    level: bool = Field(
        default=False, description="the camera was held level for every photo, which tells which way is up"
    )
    front: FileName = Field(description="the photo that shows the product's front; it defines azimuth 0")
    named: dict[Name, FileName] = Field(
        default={}, description="angle name to photo: use this photo for that angle, whatever its pose"
    )


class Shoot(Frozen):
    """One product, as `shoot.yaml` describes it."""

    sku: Name = Field(description="the product's number; unique among all shoots that are discovered together")
    collection: Name = Field(description="the group of products that is exported and backfilled together")
    title: Text = Field(description="the product's name as the shop shows it")
    brand: Text = Field(description="the product's brand")
    category: Text = Field(description="the product's place in the shop, from general to specific, such as `a/b/c`")
    attributes: dict[str, str] = Field(
        default={}, description="facts about the product, such as `material: stoneware`; no caption contradicts them"
    )
    capture: Capture = Field(description="how the photos were taken")
    angles: tuple[Angle, ...] = Field(min_length=1, max_length=64, description="the views that the catalog needs")
    backdrops: tuple[Backdrop, ...] = Field(
        min_length=1, max_length=32, description="what stands behind the product in the assets"
    )
    channels: tuple[Name, ...] = Field(
        min_length=1, max_length=32, description="the shops and feeds to make assets for, each by its channel's name"
    )
    edits: dict[Name, Edits] = Field(default={}, description="angle name to the edits of its picture")
    brief: str | None = Field(default=None, max_length=4000, description="what the writer of the caption should know")

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        for what, names in (
            ("angles", [angle.name for angle in self.angles]),
            ("backdrops", [backdrop.name for backdrop in self.backdrops]),
            ("channels", list(self.channels)),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what} has {', '.join(twice)} twice; give each its own name")
        return self


def read_shoot(folder: Path) -> Shoot:
    """Read and validate `folder`/shoot.yaml. Raises BadInput that names file, field, value and remedy."""
    path = folder / "shoot.yaml"
    if not str(path).isprintable():
        raise BadInput(f"the folder name {str(folder)!r} cannot be used", remedy="Rename it, using letters and digits")
    if path.is_symlink():
        raise BadInput(f"{path} is a link", remedy="Put the file itself there")
    with readable():
        if not path.exists():
            raise BadInput(
                f"{path} does not exist",
                remedy="Run `catalog init` on the folder, or write one as docs/quickstart.md shows",
            )
        shoot = parse_shoot(path.read_bytes(), path)
    names = {photo.name for photo in list_photos(folder)}
    references = {"capture.front": shoot.capture.front} | {
        f"capture.named.{a}": p for a, p in shoot.capture.named.items()
    }
    references |= {f"capture.up.{i}": level.photo for i, level in enumerate(shoot.capture.up)}
    for field, name in references.items():
        if name not in names:
            raise BadInput(
                f"{path}: {field}: {name!r} is not in {folder / 'photos'}", remedy="Name a photo of this shoot"
            )
    angles = {angle.name for angle in shoot.angles}
    for field, given in (("capture.named", shoot.capture.named), ("edits", shoot.edits)):
        for name in given:
            if name not in angles:
                raise BadInput(
                    f"{path}: {field}: {name!r} is not a requested angle",
                    remedy=f"Use one of {', '.join(sorted(angles))}",
                )
    return shoot


def parse_shoot(data: bytes, path: Path) -> Shoot:
    """Validate the text of a shoot.yaml. `path` is named in errors. Raises BadInput."""
    if len(data) > MAX_YAML_BYTES:
        raise BadInput(f"{path} has {len(data)} bytes", remedy=f"Keep it below {MAX_YAML_BYTES}")
    try:
        _refuse_bombs(data, path)
        value = yaml.safe_load(data)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(
            f"{path} is not YAML: {' '.join(str(error).split())}", remedy="Correct the line that it names"
        ) from None
    except ValueError as error:
        raise BadInput(f"{path} has an invalid date or number: {error}", remedy="Put it in quotes") from None
    if not isinstance(value, dict):
        raise BadInput(
            f"{path} is a {type(value).__name__}, not a mapping of fields", remedy="Start it with `sku: ...`"
        )
    try:
        return Shoot.model_validate(value)
    except ValidationError as error:
        raise BadInput(
            f"{path}: {_in_words(error)}", remedy="Correct the field; docs/reference/shoot-yaml.md lists every field"
        ) from None


def list_photos(folder: Path) -> list[Path]:
    """The image files in `folder`/photos, sorted by name. Raises BadInput when there are none, or as `plain_files`."""
    photos = folder / "photos"
    if photos.is_symlink():
        raise BadInput(f"{photos} is a link", remedy="Put the folder itself there")
    if not photos.is_dir():
        raise BadInput(f"{photos} is not a folder", remedy="Put the photos of the shoot there")
    files = plain_files(photos, PHOTO_ENDINGS)
    if not files:
        raise BadInput(
            f"{photos} has no photos", remedy=f"Put files ending in {', '.join(sorted(PHOTO_ENDINGS))} there"
        )
    return files


def list_mattes(folder: Path) -> list[Path]:
    """Mattes made by hand: `folder`/mattes/<photo>.png, sorted by name; empty when there are none. Raises BadInput."""
    mattes = folder / "mattes"
    if mattes.is_symlink():
        raise BadInput(f"{mattes} is a link", remedy="Put the folder itself there")
    return plain_files(mattes, frozenset({".png"})) if mattes.is_dir() else []


def listing(folder: Path) -> list[tuple[str, int, int]]:
    """(name, bytes, mtime in ns) of shoot.yaml and of every photo and matte; cheap to compare each night."""
    entries = []
    for file in (folder / "shoot.yaml", *list_photos(folder), *list_mattes(folder)):
        with readable():
            facts = file.stat()
        entries.append((file.relative_to(folder).as_posix(), facts.st_size, facts.st_mtime_ns))
    return entries


def plain_files(folder: Path, endings: frozenset[str]) -> list[Path]:
    """The files with these endings, sorted.

    Raises BadInput for a link or a folder with such a name, and for an unprintable name. A photo that was skipped
    silently would be missed only when its angle is refused.
    """
    with readable():
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() in endings)
    for path in files:
        if not path.name.isprintable():  # control characters, and bytes that are not UTF-8
            raise BadInput(
                f"{folder}: the name {path.name!r} cannot be used", remedy="Rename it, using letters and digits"
            )
        if path.is_symlink() or not path.is_file():
            raise BadInput(f"{path} is a link or a folder, not a file", remedy="Put the picture itself there")
    return files


def _refuse_bombs(data: bytes, path: Path) -> None:
    """Raise BadInput for aliases that multiply values or contain themselves, and for excessive nesting."""
    sizes: dict[str, int] = {}  # by anchor: number of values when expanded
    counts, anchors = [0], [""]  # of each open list or mapping
    for event in yaml.parse(data, Loader=yaml.SafeLoader):
        line = f"{path}: line {event.start_mark.line + 1}" if event.start_mark else str(path)
        if isinstance(event, yaml.CollectionStartEvent):
            counts.append(1)
            anchors.append(event.anchor or "")
        elif isinstance(event, yaml.CollectionEndEvent):
            size = counts.pop()
            sizes[anchors.pop()] = size
            counts[-1] += size
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor in anchors:
                raise BadInput(f"{line}: *{event.anchor} contains itself", remedy="Write the value out")
            counts[-1] += sizes.get(event.anchor or "", 1)
        else:
            counts[-1] += 1
        if sum(counts) > MAX_YAML_VALUES or len(counts) > MAX_YAML_DEPTH:
            what = f"{line}: more than {MAX_YAML_VALUES} values, or nested deeper than {MAX_YAML_DEPTH}"
            raise BadInput(what, remedy="Write a shorter shoot.yaml, without aliases")


def _in_words(error: ValidationError) -> str:
    """The first three errors as `field: message (got value)`."""
    errors: list[Any] = list(error.errors())
    first = [
        f"{'.'.join(map(str, e['loc'])) or 'shoot'}: {e['msg']} (got {str(e['input'])[:60]!r})" for e in errors[:3]
    ]
    return "; ".join(first) + (f"; and {len(errors) - 3} more" if len(errors) > 3 else "")
