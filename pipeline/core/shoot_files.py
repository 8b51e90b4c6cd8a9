"""The files of a shoot's folder: which are photos and mattes, and which are left out, with the reason."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from pipeline.core.errors import BadInput, readable
from pipeline.core.photo.limits import PHOTO_ENDINGS, RAW_ENDINGS, raw_twins
from pipeline.core.photo_names import composed
from pipeline.core.records import LeftOut

NAMED_FOLDERS = ("masks", "people")  # of files that shoot.yaml names
_OWN = {"shoot.yaml", "photos", "mattes", *NAMED_FOLDERS}
_SYSTEM = {  # what systems put into folders by themselves, in lower case
    ".ds_store", ".appledouble", ".localized", ".spotlight-v100", ".trashes", ".fseventsd", ".directory",
    "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "icon\r",
}  # fmt: skip
_APPLE_DOUBLE = b"\x00\x05\x16\x07"
MATTE_ENDING = ".png"


@dataclass(frozen=True)
class ShootFiles:
    """The files of a shoot. `photos`: sorted by name; `mattes`: made by hand, by the name of the photo's file."""

    photos: tuple[Path, ...]
    mattes: dict[str, Path]
    left_out: tuple[LeftOut, ...]


def shoot_files(folder: Path) -> ShootFiles:
    """The photos and mattes of a shoot's folder, and all other files that a person might miss.

    Raises BadInput when there are no photos, for a link, a folder or an unprintable name in place of a picture, and
    for a matte that could belong to several photos.
    """
    photos_folder = subfolder(folder, "photos")
    if photos_folder is None:
        raise BadInput(f"{folder / 'photos'} is not a folder", remedy="Put the photos of the shoot there")
    photos, left_out = photos_in(photos_folder, f"{photos_folder.name}/")
    if not photos:
        listed = "; ".join(["", *by_reason(left_out, 3)])
        raise BadInput(f"{photos_folder} has no photos{listed}", remedy=photos_remedy(photos_folder))
    mattes: dict[str, Path] = {}
    mattes_folder = subfolder(folder, "mattes")
    if mattes_folder is not None:
        mattes, more = _mattes_in(mattes_folder, [photo.name for photo in photos])
        left_out += more
    beside = (path for path in _entries(folder) if path not in {photos_folder, mattes_folder})
    left_out += chain.from_iterable(map(_misplaced, beside))
    return ShootFiles(tuple(photos), mattes, tuple(left_out))


def photos_remedy(folder: Path) -> str:
    """What to do about a `folder` without photos."""
    usual = ", ".join(sorted(PHOTO_ENDINGS - RAW_ENDINGS))
    return f"Put files ending in {usual} or of camera raw into {folder}"


def subfolder(folder: Path, name: str) -> Path | None:
    """The folder `name` in `folder`, in upper or lower case; None when there is none. Raises BadInput for a link."""
    if not folder.is_dir():
        return None
    with readable():
        found = sorted(path for path in folder.iterdir() if path.name.lower() == name)
    exact = [path for path in found if path.name == name] or found
    if len(exact) > 1:
        raise BadInput(f"{folder} has {' and '.join(path.name for path in exact)}", remedy="Move them into one")
    if exact and exact[0].is_symlink():
        raise BadInput(f"{exact[0]} is a link", remedy="Put the folder itself there")
    return exact[0] if exact and exact[0].is_dir() else None


def photos_in(folder: Path, shown: str = "") -> tuple[list[Path], list[LeftOut]]:
    """The photos in a folder, sorted, and its other entries; `shown` is put before their names. Raises BadInput."""
    photos, left_out = [], []
    for path in _entries(folder):
        reason = _hidden(path)
        if path.suffix.lower() in PHOTO_ENDINGS and not reason:
            photos.append(path)
        elif not is_of_system(path):
            left_out += _left_out(path, shown, reason)
    _require_plain(photos)
    twins = raw_twins(path.name for path in photos)
    left_out += [LeftOut(file=f"{shown}{raw}", reason=f"{photo} is used instead") for raw, photo in twins.items()]
    return [path for path in photos if path.name not in twins], left_out


def _mattes_in(folder: Path, photos: list[str]) -> tuple[dict[str, Path], list[LeftOut]]:
    """The mattes in a folder by photo, and its other entries. Raises BadInput."""
    mattes: dict[str, Path] = {}
    left_out = []
    files = [path for path in _entries(folder) if not is_of_system(path)]
    _require_plain([path for path in files if path.suffix.lower() == MATTE_ENDING and not _hidden(path)])
    for path in files:
        file = f"{folder.name}/{path.name}"
        if _hidden(path) or path.suffix.lower() != MATTE_ENDING:
            left_out += _left_out(path, f"{folder.name}/", _hidden(path) or "a matte must be a .png file")
            continue
        owners = _owners(path.stem, photos)
        if not owners:
            left_out.append(LeftOut(file=file, reason="no photo has this name"))
            continue
        if len(owners) > 1:
            raise BadInput(
                f"{path} could belong to {' or '.join(owners)}", remedy=f"Name it {owners[0]}.png, with both endings"
            )
        other = mattes.setdefault(owners[0], path)
        if other != path:
            raise BadInput(f"{other} and {path} both belong to {owners[0]}", remedy="Remove one of them")
    return mattes, left_out


def _owners(stem: str, photos: list[str]) -> list[str]:
    """The photos that a matte may belong to: by the whole name, else by the name without its ending."""
    wanted = composed(stem)
    whole = {photo: composed(photo) for photo in photos}
    stems = {photo: Path(name).stem for photo, name in whole.items()}
    for names, key in ((whole, str), (stems, str), (whole, str.casefold), (stems, str.casefold)):
        found = [photo for photo, name in names.items() if key(name) == key(wanted)]
        if found:
            return found
    return []


def _entries(folder: Path) -> list[Path]:
    with readable():
        return sorted(folder.iterdir())


def _require_plain(pictures: list[Path]) -> None:
    """Raise BadInput for a link, a folder or an unprintable name. A skipped photo would be missed much later."""
    for path in pictures:
        if not path.name.isprintable():  # control characters, and bytes that are not UTF-8
            raise BadInput(
                f"{path.parent}: the name {path.name!r} cannot be used", remedy="Rename it, using letters and digits"
            )
        if path.is_symlink() or not path.is_file():
            raise BadInput(f"{path} is a link or a folder, not a file", remedy="Put the picture itself there")


def is_of_system(path: Path) -> bool:
    """Whether a system made this entry, or it is an empty file that is no picture: nobody misses it."""
    if path.name.lower() in _SYSTEM:
        return True
    if path.is_symlink() or not path.is_file():
        return False
    with readable():
        if path.name.startswith("._"):
            with path.open("rb") as file:
                return file.read(4) in {_APPLE_DOUBLE, b""}
        return path.suffix.lower() not in PHOTO_ENDINGS and path.stat().st_size == 0


def _hidden(path: Path) -> str:
    """Why a file is taken for a hidden or a temporary one; empty if it is neither."""
    if path.name.startswith("."):
        return "a hidden file"
    return "a temporary file" if path.name.startswith("~$") else ""


def _left_out(path: Path, shown: str, reason: str = "") -> list[LeftOut]:
    """One entry for a file; for a folder one per picture in it, or one for the folder."""
    name = printable(f"{shown}{path.name}")
    if path.is_symlink():
        return [LeftOut(file=name, reason=reason or "a link")]
    if path.is_dir():
        inside = [f"{shown}{picture.relative_to(path.parent).as_posix()}" for picture in _pictures_below(path)]
        why = reason or "in a subfolder, which is not read"
        return [LeftOut(file=printable(file), reason=why) for file in inside] or [
            LeftOut(file=f"{name}/", reason=reason or "a folder")
        ]
    return [LeftOut(file=name, reason=reason or "not a photo")]


def printable(name: str) -> str:
    """The name as valid Unicode for logs and JSON; a file's name may be any bytes."""
    return name.encode("utf-8", "backslashreplace").decode()


def _misplaced(path: Path) -> list[LeftOut]:
    """What to say about an entry beside shoot.yaml: only pictures and another shoot.yaml may be missed there."""
    if path.is_symlink() or path.name in _OWN or path.name.startswith("."):
        return []
    if path.is_dir():
        names = next(os.walk(path), ("", [], []))[2]  # empty for a folder that this user may not read
        pictures = any(_is_picture(path / name) for name in names)
        return [LeftOut(file=f"{printable(path.name)}/", reason="a folder of pictures beside photos/")] * pictures
    if is_misnamed(path.name):
        return [LeftOut(file=path.name, reason="shoot.yaml is read instead")]
    return [LeftOut(file=printable(path.name), reason="a photo outside photos/")] if _is_picture(path) else []


def is_misnamed(name: str) -> bool:
    """Whether a file's name is nearly shoot.yaml: `shoot.yml`, `Shoot.yaml`."""
    return name != "shoot.yaml" and name.lower() in {"shoot.yaml", "shoot.yml", "shoot.yaml.txt", "shoot.yml.txt"}


def is_shoot_file(name: str) -> bool:
    """Whether a folder with a file of this name is a shoot."""
    return name == "shoot.yaml" or is_misnamed(name)


def _pictures_below(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders.sort()
        yield from (path for path in map(Path(parent).joinpath, sorted(files)) if _is_picture(path))


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in PHOTO_ENDINGS and not _hidden(path)


def by_reason(left_out: Sequence[LeftOut], names: int = 12) -> list[str]:
    """One line per reason for the entries left out: `not a photo: a.mov, b.xmp and 4 more`."""
    files: dict[str, list[str]] = {}
    for entry in left_out:
        files.setdefault(entry.reason, []).append(entry.file)
    return [f"{reason}: {_first(those, names)}" for reason, those in files.items()]


def _first(files: list[str], names: int) -> str:
    return ", ".join(files[:names]) + (f" and {len(files) - names} more" if len(files) > names else "")
