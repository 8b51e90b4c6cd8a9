"""What the routes answer with, as their OpenAPI schema says it."""

from typing import Any

Answers = dict[int | str, dict[str, Any]]

ERROR_TITLES = {
    401: "Please sign in",
    403: "Not allowed",
    404: "Not found",
    405: "Not found",
    409: "Nothing was changed",
    413: "Too large",
    422: "Not valid",
}


def content(*media_types: str) -> Answers:
    """A successful answer that is one of these media types."""
    return {200: {"content": {media_type: {} for media_type in media_types}}}


ERRORS: Answers = {
    400: {"description": "A zero byte in the address", "content": {"text/plain": {}}},
    **{status: {"description": title, "content": {"text/html": {}}} for status, title in ERROR_TITLES.items()},
}
PICTURE = content("image/jpeg", "image/webp")
ZIP = content("application/zip")
