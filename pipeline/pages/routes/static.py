"""The pages' own style sheet and scripts, and the vendored one. Anybody may read them: they are source code."""

from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, HTTPException, Response

from pipeline.pages.answers import content

FOLDER = Path(__file__).resolve().parents[1] / "static"
FILES = {
    path.name: path for pattern in ("*.css", "*.js", "*.svg", "vendor/*.js") for path in sorted(FOLDER.glob(pattern))
}
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
CACHING = {"Cache-Control": "private, max-age=300"}

router = APIRouter()


@router.get("/static/{name}", response_class=Response, responses=content(*TYPES.values()))
def send_static(name: str) -> Response:
    """Send one of the pages' own files; nothing else has a name here."""
    if name not in FILES:
        raise HTTPException(404, f"The pages have no file {name!r}.")
    return Response(_read(name), media_type=TYPES[FILES[name].suffix], headers=CACHING)


@lru_cache(maxsize=len(FILES))
def _read(name: str) -> bytes:
    return FILES[name].read_bytes()
