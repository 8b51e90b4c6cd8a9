"""Checkpoint folders: their digest, size, and whether they contain code.

This module does not import torch, so that planning a shoot and parsing a DAG stay quick.
"""

import hashlib
import re
import sys
from functools import lru_cache
from pathlib import Path

from pipeline.core.errors import readable

_CARD = "README.md"
_PRECISION = re.compile(r"\.(fp16|bf16|fp32)")  # how diffusers names a variant of the same weights


@readable()
def folder_digest(folder: Path) -> str:
    """Return the SHA-256, 64 hex digits, over names and bytes of every file that can change a result.

    Excludes the model card, hidden files and compiled Python. Raises BadInput when a file cannot be read.
    """
    paths = (path for path in folder.rglob("*") if not path.is_dir())
    names = sorted(name.as_posix() for path in paths if _counts(name := path.relative_to(folder)))
    stats = ((folder / name).stat() for name in names)
    return _digest(folder, tuple((n, s.st_mtime_ns, s.st_size) for n, s in zip(names, stats, strict=True)))


def _counts(name: Path) -> bool:
    return name.name != _CARD and not any(part.startswith(".") or part == "__pycache__" for part in name.parts)


@lru_cache(maxsize=8)
def _digest(folder: Path, stamp: tuple[tuple[str, int, int], ...]) -> str:
    """Hash the files once per process unless they change (`stamp`), because a checkpoint may have gigabytes."""
    total = hashlib.sha256()
    for name, _, _ in stamp:
        with (folder / name).open("rb") as file:
            total.update(f"{name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()


@readable()
def has_code(folder: Path) -> bool:
    """Return whether the folder contains Python files."""
    return any(folder.rglob("*.py"))


@readable()
def weight_bytes(folder: Path) -> int:
    """Return the size of the weights on disk, each in its smallest precision: the least memory that loading needs."""
    sizes: dict[Path, int] = {}
    for path in folder.rglob("*.safetensors"):
        weight = path.with_name(_PRECISION.sub("", path.name))
        sizes[weight] = min(path.stat().st_size, sizes.get(weight, sys.maxsize))
    return sum(sizes.values())
