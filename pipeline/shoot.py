"""Reads a shoot: `shoot.yaml` and the photos beside it.

The reference page of shoot.yaml is generated from the models below; a field's description is its documentation.
"""

import os
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import Field, TypeAdapter, model_validator

from pipeline.core.backdrops import Backdrop, Colour
from pipeline.core.domain import Angle, Frozen, Name
from pipeline.core.edits import Edits
from pipeline.core.errors import BadInput, readable
from pipeline.core.photo.limits import PHOTO_ENDINGS, RAW_ENDINGS
from pipeline.core.photo_names import composed, find_photo, safe_name
from pipeline.core.records import LevelPhoto, Light
from pipeline.core.retouches import Retouch
from pipeline.core.shoot_files import NAMED_FOLDERS, ShootFiles, is_misnamed, shoot_files
from pipeline.core.typed_text import Line, Paragraph
from pipeline.core.yaml_file.fields import Allowed, Guide, read_model

LISTED = frozenset({"shoot.yaml", "photos", "mattes", *NAMED_FOLDERS})  # what `listing` looks at, in any case
USUAL_ENDINGS = PHOTO_ENDINGS - RAW_ENDINGS  # a raw file may have a twin
FileName = Annotated[str, Field(pattern=r"^(photos/)?[^/\\]{1,255}$")]


def _pattern_of(kind: Any) -> str:
    return str(TypeAdapter(kind).json_schema()["pattern"])


PATTERNS = {  # what the patterns of shoot.yaml's texts allow
    _pattern_of(Name): Allowed(
        "a name of 1 to 100 letters A to Z, digits, dots, dashes and underscores that starts with a letter or a digit",
        safe_name,
    ),
    _pattern_of(FileName): Allowed("the name of a file in photos/", lambda text: PurePath(text).name),
    _pattern_of(Colour): Allowed("a colour such as '#ffffff', '#fff' or white"),
    _pattern_of(Line): Allowed("one line", lambda text: " ".join(text.split())),
}
GUIDE = Guide("docs/reference/shoot-yaml.md", "Run `catalog init` on its folder to write one", PATTERNS)


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
    front: FileName = Field(
        description="the photo that shows the product's front; it defines azimuth 0. Its file's name, with or without "
        "the ending, in upper or lower case"
    )
    named: dict[Name, FileName] = Field(
        default={}, description="angle name to photo: use this photo for that angle, whatever its pose"
    )


class Shoot(Frozen):
    """One product, as `shoot.yaml` describes it."""

    sku: Name = Field(description="the product's number; unique among all shoots that are discovered together")
    collection: Name = Field(description="the group of products that is exported and backfilled together")
    title: Line = Field(description="the product's name as the shop shows it")
    brand: Line = Field(description="the product's brand")
    category: Line = Field(description="the product's place in the shop, from general to specific, such as `a/b/c`")
    attributes: dict[Line, Line] = Field(
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
    retouch: dict[Name, tuple[Retouch, ...]] = Field(
        default={},
        description="angle name to what is removed from its picture, by the checkpoint in the preset's "
        "`render.inpaint`; such assets always go to review",
    )
    brief: Paragraph | None = Field(default=None, description="what the writer of the caption should know")

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
    """Read and validate `folder`/shoot.yaml, as `open_shoot` does."""
    return open_shoot(folder).shoot


class OpenShoot(NamedTuple):
    """A shoot and the files in its folder. Photos that `shoot` names are the names of these files."""

    shoot: Shoot
    files: ShootFiles


def open_shoot(folder: Path) -> OpenShoot:
    """Read and validate `folder`/shoot.yaml and the names of its files.

    Raises BadInput that names file, field, value and remedy.
    """
    path = folder / "shoot.yaml"
    _require_there(path)
    with readable():
        data = path.read_bytes()
    shoot = parse_shoot(data, path)
    files = shoot_files(folder)
    capture = _with_photos(shoot.capture, [composed(photo.name) for photo in files.photos], path)
    angles = {angle.name for angle in shoot.angles}
    for field, given in (("capture.named", shoot.capture.named), ("edits", shoot.edits), ("retouch", shoot.retouch)):
        for name in given:
            if name not in angles:
                raise BadInput(
                    f"{path}: {field}: {name!r} is not a requested angle",
                    remedy=f"Use one of {', '.join(sorted(angles))}",
                )
    for name in named_files(shoot):
        _require_file(folder, name)
    return OpenShoot(shoot.model_copy(update={"capture": capture}), files)


def named_files(shoot: Shoot) -> list[str]:
    """The files besides photos and mattes that shoot.yaml names, by their paths in its folder."""
    masks = {each.mask for listed in shoot.retouch.values() for each in listed if each.mask is not None}
    return sorted(masks | {backdrop.person for backdrop in shoot.backdrops if backdrop.person is not None})


def _require_file(folder: Path, name: str) -> None:
    """Raise BadInput when a file that shoot.yaml names is missing, or is a link."""
    with readable():
        if (folder / name).is_file() and not (folder / name).is_symlink():
            return
    raise BadInput(
        f"{folder / 'shoot.yaml'} names {name}, but {folder / name} is not a file", remedy="Put the file itself there"
    )


def parse_shoot(data: bytes, path: Path) -> Shoot:
    """Validate the text of a shoot.yaml. `path` is named in errors. Raises BadInput."""
    return read_model(Shoot, data, path, GUIDE)


def listing(folder: Path) -> list[tuple[str, int, int]]:
    """(name, bytes, mtime in ns) of shoot.yaml and of every file that it may name; cheap to compare each night."""
    files = shoot_files(folder)
    entries = []
    with readable():
        others = sorted(path for name in NAMED_FOLDERS for path in (folder / name).glob("*") if path.is_file())
    for file in (folder / "shoot.yaml", *files.photos, *sorted(files.mattes.values()), *others):
        with readable():
            facts = file.stat()
        entries.append((file.relative_to(folder).as_posix(), facts.st_size, facts.st_mtime_ns))
    return entries


def quick_listing(folder: Path) -> list[tuple[str, int, int]] | None:
    """The same in one pass per folder, for a shoot that has nothing but plain photos; None for any other.

    Most shoots are like that, and looking at 10,000 of them one file and rule at a time takes half a minute.
    """
    try:
        with os.scandir(folder) as entries:
            own = {entry.name: entry for entry in entries if entry.name.lower() in LISTED}
        if set(own) != {"shoot.yaml", "photos"} or not own["shoot.yaml"].is_file(follow_symlinks=False):
            return None
        if not own["photos"].is_dir(follow_symlinks=False):
            return None
        with os.scandir(own["photos"].path) as entries:
            photos = sorted(entries, key=lambda entry: entry.name)
        if not photos or not all(map(_is_plain_photo, photos)):
            return None
        facts = [
            ("shoot.yaml", own["shoot.yaml"].stat()),
            *((f"photos/{photo.name}", photo.stat()) for photo in photos),
        ]
    except OSError:
        return None
    return [(name, fact.st_size, fact.st_mtime_ns) for name, fact in facts]


def _is_plain_photo(entry: os.DirEntry[str]) -> bool:
    name, ending = os.path.splitext(entry.name)  # noqa: PTH122 - a Path for each photo takes longer than all else
    usual = ending.lower() in USUAL_ENDINGS and name.isascii() and name.isprintable() and name[:1] not in {".", "~"}
    return usual and entry.is_file(follow_symlinks=False)


def _require_there(path: Path) -> None:
    """Raise BadInput when there is no shoot.yaml, or another file in its place."""
    folder = path.parent
    if not str(path).isprintable():
        raise BadInput(f"the folder name {str(folder)!r} cannot be used", remedy="Rename it, using letters and digits")
    if path.is_symlink():
        raise BadInput(f"{path} is a link", remedy="Put the file itself there")
    with readable():
        if path.exists():
            return
        others = sorted(other for other in folder.iterdir() if is_misnamed(other.name)) if folder.is_dir() else []
    if others:
        raise BadInput(f"{others[0]} is not read, because of its name", remedy="Rename it to shoot.yaml")
    raise BadInput(
        f"{path} does not exist", remedy="Run `catalog init` on the folder, or write one as docs/quickstart.md shows"
    )


def _with_photos(capture: Capture, files: list[str], path: Path) -> Capture:
    """The capture with every photo by its file's whole name. Raises BadInput for one that is not there."""

    def found(field: str, wanted: str) -> str:
        try:
            return find_photo(wanted, files)
        except BadInput as error:
            raise BadInput(f"{path}: capture.{field}: {error.what}", remedy=error.remedy) from None

    named = {angle: found(f"named.{angle}", photo) for angle, photo in capture.named.items()}
    up = tuple(
        level.model_copy(update={"photo": found(f"up.{index}", level.photo)}) for index, level in enumerate(capture.up)
    )
    return capture.model_copy(update={"front": found("front", capture.front), "named": named, "up": up})
