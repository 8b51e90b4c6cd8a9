"""The places that a command or a setting names: folders, and folders in buckets with their copies on this machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from pipeline.catalog import shoots
from pipeline.core.bucket.url import BucketUrl, is_url
from pipeline.core.errors import BadInput
from pipeline.mirror import Mirror, ShootsFolder, shoot_at, source_of
from pipeline.settings import Settings, place_of


def given_place(text: str) -> Path | BucketUrl:
    """The place that a person wrote. Raises BadInput for one that cannot be meant."""
    try:
        return place_of(text)
    except ValueError as error:
        shown = "the URL" if is_url(text) else repr(text)  # a URL may hold a password
        raise BadInput(f"{shown} {error}", remedy="Correct it") from None


def shoots_in(place: Path | BucketUrl, settings: Settings) -> ShootsFolder:
    """The folder of shoots at a place; of a bucket, an up-to-date outline. Raises CatalogError as `Mirror` does."""
    if isinstance(place, Path):
        return ShootsFolder(place)
    mirror = Mirror(place, settings.cache, settings.quiet_minutes)
    return ShootsFolder(mirror.root, mirror.fetched, partial(source_of, cache=settings.cache), mirror.outline())


@contextmanager
def shoot_folder_at(text: str, settings: Settings) -> Iterator[Path]:
    """The folder of one shoot, or a copy of it for as long as the context lasts. Raises BadInput."""
    place = given_place(text)
    if isinstance(place, Path):
        yield place
        return
    with shoot_at(place, settings.cache, settings.quiet_minutes) as folder:
        yield folder


@contextmanager
def target_at(target: str, settings: Settings) -> Iterator[str]:
    """A shoot's folder or sku as it is given; if its shoot lies in a bucket, a copy as in `shoot_folder_at`."""
    known = shoots.known_shoots(settings.catalog_url).get(target)
    source = known.source if known is not None else target
    if not is_url(source):
        yield target
        return
    with shoot_folder_at(source, settings) as folder:
        yield str(folder)
