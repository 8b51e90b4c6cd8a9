"""The URL of a folder in a bucket: `s3://bucket/folder`, `gs://bucket/folder` or `az://container/folder`."""

import re
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic_core import core_schema

SCHEMES = ("s3", "gs", "az")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,221}")


@dataclass(frozen=True)
class BucketUrl:
    """A folder in a bucket. `prefix`: its path without slashes at its ends; empty for the whole bucket."""

    scheme: str
    bucket: str
    prefix: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError, which never repeats the text: it may hold a password."""
        parts = urlsplit(text)
        if parts.scheme not in SCHEMES:
            raise ValueError("is not the URL of a bucket; write s3://bucket/folder, gs://… or az://…")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError(
                "has more than a bucket and a folder; credentials belong into environment variables such as "
                "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, never into a URL"
            )
        if not _BUCKET.fullmatch(parts.netloc):
            raise ValueError("has no valid bucket name; write s3://bucket/folder")
        prefix = parts.path.strip("/")
        if any(part in {"", ".", ".."} for part in prefix.split("/")) and prefix:
            raise ValueError("has an empty part, '.' or '..' in its folder; write s3://bucket/folder")
        return cls(parts.scheme, parts.netloc, prefix)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> core_schema.CoreSchema:
        """An instance, or a text that `parse` takes."""
        text = core_schema.no_info_after_validator_function(cls.parse, core_schema.str_schema())
        written = core_schema.to_string_ser_schema()
        return core_schema.json_or_python_schema(
            text, core_schema.union_schema([core_schema.is_instance_schema(cls), text]), serialization=written
        )

    def __str__(self) -> str:
        return "/".join(filter(None, (f"{self.scheme}://{self.bucket}", self.prefix)))

    def __truediv__(self, name: str) -> str:
        """The URL of an object in this folder."""
        return f"{self}/{name}"

    def folder(self, name: str) -> "BucketUrl":
        """A folder in this folder; `.` is this one."""
        parts = [part for part in (self.prefix, name) if part not in {"", "."}]
        return BucketUrl(self.scheme, self.bucket, "/".join(parts))


def is_url(text: str) -> bool:
    """Whether a text is a URL rather than a path."""
    return bool(re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", text))
