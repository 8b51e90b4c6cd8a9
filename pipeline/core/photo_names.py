"""Names of photos: from a file's name, as cameras and people give them, to the safe name that the steps use."""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from pathlib import PurePosixPath

from pydantic import TypeAdapter, ValidationError

from pipeline.core.domain import Name
from pipeline.core.errors import BadInput
from pipeline.core.records import PhotoFacts

NAME_CHARACTERS = 100
_NAME: TypeAdapter[str] = TypeAdapter(Name)


def composed(name: str) -> str:
    """The name in Unicode's composed form (NFC). A Mac may store the same name decomposed."""
    return unicodedata.normalize("NFC", name)


def is_name(text: str) -> bool:
    """Whether `text` is a `Name`."""
    try:
        _NAME.validate_python(text)
    except ValidationError:
        return False
    return True


def safe_name(text: str) -> str:
    """Turn `text` into a name: at most 100 ASCII letters, digits, dots, dashes, underscores. May be empty."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-._")[:NAME_CHARACTERS]


def photo_names(files: Iterable[str]) -> dict[str, str]:
    """The safe name of each photo, by the name of its file; unique even where upper and lower case are the same.

    A file's stem that is a `Name` is kept: `DSC_0001.JPG` is `DSC_0001`. From others, characters are replaced or
    removed: `_MG_0001.JPG` is `MG_0001`. Where that leaves little, or two files with one name, a digest of the file's
    name is added. Raises BadInput when two files have the same name in two Unicode forms.
    """
    composed_names = {file: composed(file) for file in files}
    for form, count in Counter(composed_names.values()).items():
        if count > 1:
            raise BadInput(f"two photos are named {form!r}, in two Unicode forms", remedy="Rename one of them")
    short = {file: _short(name) for file, name in composed_names.items()}
    kept = {file for file, name in composed_names.items() if PurePosixPath(name).stem == short[file]}
    users = Counter(name.lower() for name in short.values())
    keepers = Counter(short[file].lower() for file in kept)
    names = {}
    for file, name in composed_names.items():
        slug = short[file].lower()
        alone = users[slug] == 1 or (file in kept and keepers[slug] == 1)
        names[file] = short[file] if alone else _with_digest(safe_name(PurePosixPath(name).stem), name)
    if len({name.lower() for name in names.values()}) < len(names):  # a file is named like the digest of another
        names = {file: _last_resort(name) for file, name in composed_names.items()}
    return dict(sorted(names.items(), key=lambda pair: pair[1]))


def shown_names(facts: Iterable[PhotoFacts]) -> dict[str, str]:
    """How people know each photo, by safe name: its file's stem, or the whole name where two files share the stem."""
    files = {fact.photo: fact.source_name for fact in facts}
    stems = {name: PurePosixPath(file).stem for name, file in files.items()}
    users = Counter(stems.values())
    return {name: stem if users[stem] == 1 else files[name] for name, stem in stems.items()}


def is_name_of(name: str, file: str) -> bool:
    """Whether `photo_names` may give this name to the file, whatever files lie beside it."""
    form = composed(file)
    return name in {_short(form), _with_digest(safe_name(PurePosixPath(form).stem), form), _last_resort(form)}


def with_file_names(message: str, names: Mapping[str, str]) -> str:
    """`message` with the names of files in place of safe names that differ from them. `names`: as of `photo_names`."""
    files = {name: file for file, name in names.items() if name != PurePosixPath(file).stem}
    files |= {f"{name}.png": f"{file}.png" for name, file in files.items()}  # mattes, which may be named so
    return re.sub(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?", lambda word: files.get(word[0], word[0]), message)


def _last_resort(form: str) -> str:
    return _with_digest("photo", form, 40)


def _short(name: str) -> str:
    """A name made from the stem of a file's name alone."""
    stem = PurePosixPath(name).stem
    if is_name(stem):
        return stem
    slug = safe_name(stem)
    letters = sum(character.isalnum() for character in stem)
    enough = len(slug) > 2 and sum(character.isalnum() for character in slug) >= letters
    return slug if enough and not slug.isdigit() else _with_digest(slug, name)


def _with_digest(slug: str, name: str, digits: int = 8) -> str:
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:digits]
    return f"{(slug or 'photo')[: NAME_CHARACTERS - digits - 1]}-{digest}"


def find_photo(wanted: str, files: Collection[str]) -> str:
    """The file that a person means by `wanted`: its name, in upper or lower case, with or without its ending.

    `photos/` before the name is ignored. Raises BadInput when no file or more than one is meant.
    """
    wanted = composed(wanted).removeprefix("photos/")
    stems = {file: PurePosixPath(composed(file)).stem for file in files}
    whole = {file: composed(file) for file in files}
    for names, key in ((whole, str), (whole, str.casefold), (stems, str), (stems, str.casefold)):
        found = sorted(file for file, name in names.items() if key(name) == key(wanted))
        if len(found) == 1:
            return found[0]
        if found:
            raise BadInput(f"{wanted!r} could be {' or '.join(found)}", remedy="Write the whole name")
    alike = get_close_matches(wanted, [composed(file) for file in files], 1)
    remedy = f"Name a photo of this shoot, such as {alike[0]}" if alike else "Name a photo of this shoot"
    raise BadInput(f"{wanted!r} is not in photos/", remedy=remedy)
