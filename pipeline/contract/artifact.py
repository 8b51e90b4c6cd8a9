"""An artifact is what it contains: (sha256, media_type, size), never a path."""

import hashlib
import json
import re
from typing import Annotated, Any

from pydantic import Field

from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput

TREE = "application/vnd.catalog.tree+json"
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Artifact(Frozen):
    """Bytes in the store, named by their digest. A folder is one too: a sorted tree of digests (media type `TREE`)."""

    sha256: Sha256
    media_type: str
    size: int = Field(ge=0, description="bytes")


def digest_of(data: bytes) -> str:
    """SHA-256 as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def canonical_json(value: Any) -> bytes:
    """Encode a JSON value in the one way that keys are computed from: sorted keys, no spaces, UTF-8, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def checked_tree_path(path: str) -> str:
    """`path` if it is safe inside a folder: relative, no `..`, no control characters. Raises BadInput otherwise."""
    parts = path.split("/")
    if not path or any(part in {"", ".", ".."} for part in parts) or re.search(r"[\x00-\x1f\\]", path):
        raise BadInput(
            f"{path!r} is not a safe path inside a folder",
            remedy="Use relative names without '..' or control characters",
        )
    return path
