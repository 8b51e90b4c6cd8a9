"""Find the shoots below a folder, and read which product each is, or why it cannot be used."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pipeline.contract.artifact import canonical_json, digest_of
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput
from pipeline.core.shoot_files import is_shoot_file
from pipeline.mirror import own_path
from pipeline.shoot import listing, quick_listing, read_shoot

MAX_DEPTH = 4
MAX_LOOK = 8  # folders so far below are searched for shoots that are refused because they are too deep


class Refusal(Frozen):
    """Why a shoot is refused. `code`: the reason in `pipeline.core.reasons`; `message`: this case."""

    code: str
    message: str


class Found(NamedTuple):
    """A folder that holds a shoot. `refusal`: why it is not planned where it is, or None."""

    folder: Path
    refusal: BadInput | None = None


class Product(NamedTuple):
    """What a shoot is of. `listed`: the digest of its files, if that was quick to tell before they were read."""

    sku: str
    collection: str
    listed: str | None = None


class Listed(NamedTuple):
    """A shoot's files as an earlier run has seen them. `source`: where it comes from."""

    source: str
    digest: str


def read_all(
    root: Path, known: Mapping[Listed, Product] | None = None, source: Callable[[Path], str] = own_path
) -> tuple[dict[Path, Product], dict[Path, Refusal]]:
    """Read the shoots below `root`: those that can be planned, by folder, and why the other folders are refused.

    `known`: what has been read of unchanged files before is not read again. `source`: see `discover`.
    """
    readable: dict[Path, Product] = {}
    refused: dict[Path, Refusal] = {}
    place = source(root)
    for folder, out_of_reach in find_shoots(root):
        if out_of_reach:
            refused[folder] = Refusal(code="shoot-out-of-reach", message=str(out_of_reach))
            continue
        try:
            readable[folder] = _read(folder, root, place, known or {})
        except BadInput as error:
            refused[folder] = Refusal(code="shoot-unusable", message=str(error))
    by_sku: dict[str, list[Path]] = {}
    for folder, product in readable.items():
        by_sku.setdefault(product.sku.lower(), []).append(folder)  # a shop and some file systems ignore the case
    for folders in by_sku.values():
        for folder in folders if len(folders) > 1 else ():
            others = ", ".join(str(other) for other in folders if other != folder)
            what = f"{folder}/shoot.yaml: sku: {readable[folder].sku!r} is also in {others}"
            duplicate = BadInput(what, remedy="Give each shoot its own sku, or remove one")
            refused[folder] = Refusal(code="shoot-sku-twice", message=str(duplicate))
            del readable[folder]
    return readable, refused


def _read(folder: Path, root: Path, place: str, known: Mapping[Listed, Product]) -> Product:
    """The product of a shoot, from its shoot.yaml unless it is known of these files. Raises BadInput."""
    files = quick_listing(folder)
    listed = _digest(files) if files is not None else None
    if listed is not None:
        below = folder.relative_to(root).as_posix()
        product = known.get(Listed(place if below == "." else f"{place}/{below}", listed))
        if product is not None:
            return product._replace(listed=listed)
    shoot = read_shoot(folder)
    return Product(shoot.sku, shoot.collection, listed)


def listing_digest(folder: Path) -> str:
    """Digest of a shoot's files, by which the next run sees a change. Raises BadInput when one cannot be read."""
    return _digest(quick_listing(folder) or listing(folder))


def _digest(listed: list[tuple[str, int, int]]) -> str:
    return digest_of(canonical_json(listed))


def find_shoots(root: Path) -> Iterator[Found]:
    """Yield the folders with a shoot.yaml below `root` that are not in another shoot or in a hidden folder.

    Shoots behind a link, and those deeper than `MAX_DEPTH`, come with a refusal. A folder with a file
    named nearly so (`shoot.yml`), and one that this user may not read, count as shoots: reading them reports why.
    Raises BadInput when `root` is not a folder.
    """
    if not root.is_dir():
        raise BadInput(f"CATALOG_SHOOTS={root} is not a folder", remedy="Set it to the folder that contains the shoots")
    folders = [(root, 0)]
    for folder, depth in folders:  # which grows meanwhile
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
            subfolders = [entry for entry in entries if entry.is_dir() and not entry.name.startswith(".")]
        except OSError:
            yield Found(folder)
            continue
        if any(is_shoot_file(entry.name) for entry in entries):
            yield Found(folder, _too_deep(folder, root) if depth > MAX_DEPTH else None)
        elif depth < MAX_LOOK:
            for entry in subfolders:
                if entry.is_symlink():
                    yield from _behind(folder / entry.name)
                else:
                    folders.append((folder / entry.name, depth + 1))


def _too_deep(folder: Path, root: Path) -> BadInput:
    return BadInput(
        f"{folder} holds a shoot more than {MAX_DEPTH} folders below {root}", remedy="Move it up, or set CATALOG_SHOOTS"
    )


def _behind(link: Path) -> Iterator[Found]:
    """The link, with a refusal, when the folder behind it is a shoot or has one directly in it."""
    for pattern in ("*", "*/*"):
        try:
            files = [path for path in link.glob(pattern) if is_shoot_file(path.name)]
        except OSError:
            return
        if files:
            what = f"{link} is a link, and links are not followed; {files[0].parent.resolve()} holds a shoot"
            yield Found(link, BadInput(what, remedy="Move the folder itself there, or remove the link"))
            return
