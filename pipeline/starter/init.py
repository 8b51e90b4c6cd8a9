"""Turn a folder of photos into a commented shoot.yaml that `catalog plan` accepts, for `catalog init DIR`."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from pipeline.contract.storage.disk import FULL
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput
from pipeline.core.photo_names import composed, safe_name
from pipeline.core.shoot_files import photos_in
from pipeline.posing.frame import Rig
from pipeline.shoot import parse_shoot
from pipeline.starter.categories import load_category
from pipeline.starter.photos import Survey, find_photos, survey
from pipeline.starter.template import Draft, shoot_text

TITLE_CHARACTERS = 200


class Choices(Frozen):
    """The user's choices; None: guessed.

    `move`: photos in the folder itself may be moved into photos/. `force`: shoot.yaml may be overwritten.
    """

    sku: str | None = None
    category: str = "general"
    rig: Rig | None = None
    move: bool = False
    force: bool = False


class Started(Frozen):
    """What `start_shoot` wrote, and why. `photos`: in capture order; `moved`: they were moved into photos/."""

    shoot_yaml: str
    sku: str
    photos: tuple[str, ...]
    endings: dict[str, int]
    sizes: tuple[str, ...]
    left_out: tuple[str, ...]
    moved: bool
    front: str
    front_reason: str
    rig: Rig
    rig_reason: str
    category: str
    angles: tuple[str, ...]


def survey_folder(
    folder: Path, choices: Choices, on_progress: Callable[[int, int, str], None] = lambda _done, _total, _name: None
) -> Survey:
    """Decode the photos of a shoot's folder and guess the rig; writes nothing.

    Raises BadInput when `start_shoot` could not continue: there are no usable photos, shoot.yaml exists and `force` is
    off, the photos are in `folder` itself and `move` is off, or `move` is on and photos are in both places.
    """
    photos = find_photos(folder)
    _require_free(folder / "shoot.yaml", force=choices.force)
    if photos[0].parent == folder and not choices.move:
        what = f"{folder} contains {len(photos)} photos, which belong in {folder / 'photos'}"
        raise BadInput(what, remedy="Run it again with --move to move them there, or move them yourself")
    if choices.move and photos[0].parent != folder and photos_in(folder)[0]:
        what = f"there are photos both in {folder} and in {folder / 'photos'}"
        raise BadInput(what, remedy="Move them into photos/ yourself, or run it without --move to leave them out")
    return survey(folder, photos, on_progress)


def start_shoot(folder: Path, survey: Survey, choices: Choices) -> Started:
    """Write `folder`/shoot.yaml for the photos of a survey; move photos in `folder` itself into photos/.

    Raises BadInput when the category or the sku is not valid, or the folder cannot be written.
    """
    path = folder / "shoot.yaml"
    draft = _draft(folder, survey, choices)
    text = shoot_text(draft)
    shoot = parse_shoot(text.encode(), path)
    _write(path, text, [photo.path for photo in survey.photos] if survey.beside else [])
    return Started(
        shoot_yaml=str(path),
        sku=shoot.sku,
        photos=tuple(photo.path.name for photo in survey.photos),
        endings=dict(Counter(photo.path.suffix.lower() for photo in survey.photos)),
        sizes=survey.sizes,
        left_out=survey.left_out,
        moved=survey.beside,
        front=shoot.capture.front,
        front_reason=draft.front_reason,
        rig=shoot.capture.rig,
        rig_reason=draft.rig_reason,
        category=choices.category,
        angles=tuple(angle.name for angle in shoot.angles),
    )


def _draft(folder: Path, survey: Survey, choices: Choices) -> Draft:
    name = folder.resolve().name
    sku = choices.sku or safe_name(name)
    if not sku:
        raise BadInput(f"the folder name {name!r} cannot be a sku", remedy="Give one with --sku")
    return Draft(
        sku=sku,
        sku_reason="as requested" if choices.sku else "guessed from the folder's name",
        collection=safe_name(folder.resolve().parent.name) or "new",
        title=_title(name) or _title(sku),
        photos=f"{len(survey.photos)} photos of {', '.join(survey.sizes[:3])}",
        front=composed(survey.photos[0].path.name),
        front_reason="guessed: the first photo by " + ("EXIF time" if survey.by_time else "name"),
        rig=choices.rig or survey.rig.rig,
        rig_reason="as requested" if choices.rig else f"guessed: {survey.rig.because}",
        preset=load_category(choices.category),
        preset_name=choices.category,
    )


def _title(name: str) -> str:
    """Turn `blue-mug_2` into `Blue mug 2`; empty if nothing remains or a character is not printable."""
    words = " ".join(re.split(r"[-_.\s]+", name)).strip()[:TITLE_CHARACTERS]
    return words[:1].upper() + words[1:] if words.isprintable() else ""


def _require_free(path: Path, *, force: bool) -> None:
    if path.is_symlink() or path.is_dir():
        raise BadInput(f"{path} is a link or a folder", remedy="Remove it")
    if path.exists() and not force:
        raise BadInput(f"{path} exists already", remedy="Run it with --force to overwrite it")


def _write(path: Path, text: str, to_move: list[Path]) -> None:
    """Write shoot.yaml whole or not at all, and move photos into photos/ only once the text is on the disk."""
    part = path.with_name(".shoot.yaml.part")
    try:
        part.write_text(text, encoding="utf-8")
        _move(to_move, path.parent / "photos")
        part.replace(path)
    except OSError as error:
        what = f"{error.filename or path} cannot be written: {error.strerror or error}"
        remedy = "Free disk space and run it again" if error.errno in FULL else "Let this user write there"
        raise BadInput(what, remedy=remedy) from error
    finally:
        part.unlink(missing_ok=True)


def _move(photos: list[Path], target: Path) -> None:
    if photos:
        target.mkdir(exist_ok=True)
    for photo in photos:
        photo.rename(target / photo.name)
