"""The template that names finished files, such as `{sku}/{angle}_{backdrop}_{channel}.{ext}`.

The names are paths below a folder, with `/`. They work on Linux, macOS and Windows alike, also where upper and lower
case are the same.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import PureWindowsPath
from string import Formatter
from typing import NamedTuple

from pipeline.catalog.files import FinishedFile
from pipeline.core.errors import BadInput, CatalogError, brief
from pipeline.core.media import ending_of

MANIFEST = "manifest.csv"
FIELDS = ("sku", "collection", "request", "angle", "backdrop", "channel", "source", "width", "height", "digest", "ext")
IDENTITY = ("sku", "request", "angle", "backdrop", "channel")  # two assets differ in at least one of them
FORBIDDEN = frozenset('<>:"|?*\\')  # on Windows
PART_BYTES_MAX = 255  # of one file or folder name, on nearly every file system


class Template(NamedTuple):
    """`text`: fields in braces; `where` it was given, for errors: an option or a variable."""

    text: str
    where: str

    @property
    def remedy(self) -> str:
        """What to do about a name that cannot be used."""
        return f"Change the template {self.text!r} in {self.where}"

    def name(self, file: FinishedFile) -> str:
        """The file's name. Raises BadInput when it cannot be a file's name, CatalogError for an unknown media type."""
        name = self._filled(_values(file))
        fault = fault_of(name)
        if fault:
            raise BadInput(f"{file.asset_id} would be named {name!r}, which {fault}", remedy=self.remedy)
        return name

    def _filled(self, values: Mapping[str, str]) -> str:
        """The text with its fields replaced. A folder whose fields are all empty is left out."""
        return "/".join(part for piece in self.text.split("/") if (part := piece.format_map(values)))


def parse_template(text: str, where: str) -> Template:
    """Check a template. Raises BadInput for an unknown field, or when no name it gives could be a file's."""
    template = Template(text, where)
    try:
        pieces = list(Formatter().parse(text))
    except ValueError as error:
        raise BadInput(f"{where}: {text!r} is no template: {error}", remedy="Close every brace") from None
    for _, field, form, conversion in pieces:
        if field is not None and field not in FIELDS:
            raise BadInput(
                f"{where}: the template {text!r} has the unknown field {{{field}}}",
                remedy=f"Use {', '.join(f'{{{name}}}' for name in FIELDS)}",
            )
        if form or conversion:
            raise BadInput(f"{where}: the field {{{field}}} takes no format", remedy=f"Write {{{field}}} alone")
    example = dict.fromkeys(FIELDS, "x")
    fault = None
    if "" in text.split("/"):
        fault = "is an absolute path" if text.startswith("/") else "has a file or folder without a name"
    for values in (example, {**example, "request": ""}):
        fault = fault or fault_of(template._filled(values))
    if fault:
        raise BadInput(f"{where}: the template {text!r} {fault}", remedy="Give names of files below a folder")
    return template


def fault_of(name: str) -> str | None:
    """Why a name cannot be that of a file below a folder, as the end of a sentence; None if it can."""
    parts = name.split("/")
    if "" in parts:
        return "is an absolute path" if name.startswith("/") else "has a file or folder without a name"
    faults = {
        "has characters that a file name cannot have": set(name) & FORBIDDEN or not name.isprintable(),
        "has a part that begins or ends with a dot or a space": any(part != part.strip(". ") for part in parts),
        "has a part that Windows reserves": any(PureWindowsPath(part).is_reserved() for part in parts),
        f"has a part of more than {PART_BYTES_MAX} bytes": max(map(_bytes, parts)) > PART_BYTES_MAX,
        f"is that of the list of files, {MANIFEST}": folded(parts[0]) == MANIFEST,
    }
    return next((words for words, faulty in faults.items() if faulty), None)


def _bytes(part: str) -> int:
    return len(part.encode(errors="replace"))


def folded(name: str) -> str:
    """The name as a file system that ignores case and Unicode composition compares it."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def named(files: Sequence[FinishedFile], template: Template) -> list[str]:
    """The name of each file. Raises BadInput when two could not lie beside each other in one folder."""
    names = [template.name(file) for file in files]
    owners: dict[str, FinishedFile] = {}
    spelled: dict[str, str] = {}
    for name, file in zip(names, files, strict=True):
        other = owners.setdefault(folded(name), file)
        if other is not file:
            raise _same_name(template, names[files.index(other)], name, other, file)
        for path in _folders(name):
            if spelled.setdefault(folded(path), path) != path:
                what = f"the folders {spelled[folded(path)]!r} and {path!r} differ only by case"
                raise BadInput(what, remedy=template.remedy)
    both = [name for name in names if folded(name) in spelled]
    if both:
        raise BadInput(f"{brief(map(repr, both))} would be a file and a folder", remedy=template.remedy)
    return names


def _folders(name: str) -> list[str]:
    parts = name.split("/")[:-1]
    return ["/".join(parts[: depth + 1]) for depth in range(len(parts))]


def _same_name(template: Template, first: str, second: str, one: FinishedFile, other: FinishedFile) -> BadInput:
    spellings = repr(second) if first == second else f"{first!r} and {second!r}, which differ only by case"
    ours, theirs = _values(one), _values(other)
    differing = [field for field in IDENTITY if folded(ours[field]) != folded(theirs[field])] or ["digest"]
    fields = " or ".join(f"{{{field}}}" for field in differing)
    return BadInput(
        f"{one.asset_id} and {other.asset_id} would both be named {spellings}",
        remedy=f"Add {fields} to the template {template.text!r} in {template.where}",
    )


def _values(file: FinishedFile) -> dict[str, str]:
    try:
        ending = ending_of(file.media_type)
    except KeyError:
        raise CatalogError(
            f"no file name extension is known for {file.asset_id}, {file.media_type!r}",
            remedy="Run the shoot again with this release",
        ) from None
    given = file.model_dump(include=set(FIELDS))
    return {
        **given,
        "width": str(file.width_px),
        "height": str(file.height_px),
        "digest": file.sha256[:12],
        "ext": ending.removeprefix("."),
    }
