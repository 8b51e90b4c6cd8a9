"""The licence of a checkpoint folder, as its own files state it: the model card, a licence text, or metadata."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from pipeline.core.errors import readable
from pipeline.core.licences.names import FREEDOM, NOT_STATED, Use, use_of

CARD = "README.md"
LONGEST = 100  # characters of a name
NO_FILE, NOT_HERE = "no file of the checkpoint", "its folder, which is not on this machine"
_TEXT_NAME = re.compile(r"(licen[cs]e|copying)([-._ ].*)?", re.I)
_TEXT_BYTES = 6000  # the title and the grant stand at the beginning
_HEADER_BYTES_AT_MOST = 100_000_000  # as in safetensors
_TITLES: tuple[tuple[re.Pattern[str], str], ...] = (  # the first that fits; the restricted ones quote the free ones
    (re.compile(r"flux[ .\d\w\[\]-]*non-?commercial licen[cs]e", re.I), "flux-non-commercial"),
    (re.compile(r"attribution-?\s*non-?commercial", re.I), "cc-by-nc"),
    (re.compile(r"non-?commercial (use|purposes?|research)|research (use|purposes?) only", re.I), "non-commercial"),
    (re.compile(r"open ?rail", re.I), "openrail"),
    (re.compile(r"community licen[cs]e", re.I), "community"),
    (re.compile(r"apache licen[cs]e\s*,?\s*version 2\.0", re.I), "Apache-2.0"),
    (re.compile(r"permission is hereby granted, free of charge", re.I), "MIT"),
    (re.compile(r"redistribution and use in source and binary forms", re.I), "BSD-3-Clause"),
    (re.compile(r"creative commons attribution 4\.0", re.I), "CC-BY-4.0"),
)


class Licence(NamedTuple):
    """A licence, what it allows, and who says so: a file of the folder, or a person."""

    name: str
    use: Use
    said_by: str


@readable()
def licence_in(folder: Path) -> Licence:
    """The licence that the folder states. Where its files differ, the strictest counts; unknown if none states one.

    Raises BadInput when a file cannot be read.
    """
    if not folder.is_dir():
        return Licence(NOT_STATED, "unknown", NOT_HERE)
    stated = list(_stated(folder))
    known = [licence for licence in stated if licence.use != "unknown"]
    nothing = Licence(NOT_STATED, "unknown", NO_FILE)
    return min(known or stated, key=lambda licence: FREEDOM.index(licence.use), default=nothing)


def _stated(folder: Path) -> Iterator[Licence]:
    if card := _on_card(folder / CARD):
        yield Licence(card, use_of(card), CARD)
    for path in sorted(folder.iterdir()):
        if path.is_file() and _TEXT_NAME.fullmatch(path.name) and (title := _titled(path)):
            yield Licence(title, use_of(title), path.name)
    for path in (folder / "model_index.json", folder / "config.json"):
        if name := _text(_json_of(path), "license", "licence"):
            yield Licence(name, use_of(name), path.name)
    for path in sorted(folder.rglob("*.safetensors")):
        if name := _text(_metadata(path), "modelspec.license", "license"):
            yield Licence(name, use_of(name), path.relative_to(folder).as_posix())


def _on_card(card: Path) -> str:
    """The licence in the front matter of a model card; `license_name` says what `license: other` means."""
    parts = card.read_text(encoding="utf-8", errors="replace").split("---", 2) if card.is_file() else []
    if len(parts) < 3 or parts[0].strip():
        return ""
    try:
        front = yaml.safe_load(parts[1])
    except yaml.YAMLError:
        return ""
    return _text(front, "license_name", "license")


def _titled(path: Path) -> str:
    """The licence whose title or grant a text contains; the file's name where it is none of the well-known ones."""
    with path.open("rb") as file:
        text = " ".join(file.read(_TEXT_BYTES).decode("utf-8", errors="replace").split())
    return next((name for pattern, name in _TITLES if pattern.search(text)), f"the text in {path.name}"[:LONGEST])


def _json_of(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes()) if path.is_file() else None
    except ValueError:  # whoever loads the checkpoint reports it
        return None


def _metadata(path: Path) -> Any:
    """The metadata of a safetensors file, from its header alone; None where it is damaged or has none."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(length) if length <= _HEADER_BYTES_AT_MOST else b""
    try:
        found = json.loads(header)
    except ValueError:
        return None
    return found.get("__metadata__") if isinstance(found, dict) else None


def _text(values: Any, *names: str) -> str:
    """The first of these entries that is set, as one line; empty where there is none."""
    entries = (values.get(name) for name in names) if isinstance(values, dict) else ()
    return next((" ".join(str(entry).split())[:LONGEST] for entry in entries if entry), "")
