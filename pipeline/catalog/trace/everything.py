"""All assets behind which a photo, checkpoint or setting stands, for what is done to all of them at once."""

import hashlib
from collections.abc import Callable
from typing import Literal

from pipeline.catalog.database import Catalog
from pipeline.catalog.paging import MOST, Page
from pipeline.catalog.trace.behind import impact_of_checkpoint, impact_of_setting
from pipeline.catalog.trace.impact import Touched, impact_of_photo
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput

Kind = Literal["photo", "checkpoint", "setting"]
MOST_AT_ONCE = 5000  # assets; about 500 per second are withdrawn, and the page waits for the answer


class Everything(Frozen):
    """Assets as they are made now, sorted by shoot and identity."""

    assets: tuple[Touched, ...]

    @property
    def published(self) -> int:
        """How many of them are published."""
        return sum(asset.state == "published" for asset in self.assets)

    @property
    def products(self) -> dict[str, int]:
        """How many of them each product has, by sku."""
        counts: dict[str, int] = {}
        for asset in self.assets:
            counts[asset.sku] = counts.get(asset.sku, 0) + 1
        return counts

    @property
    def seen(self) -> dict[str, str]:
        """The sha256 of the bytes, by asset."""
        return {asset.asset_id: asset.sha256 for asset in self.assets}

    @property
    def digest(self) -> str:
        """Of these assets and their bytes, 64 hex digits: the same only for the same list."""
        lines = (f"{sha256} {identity}\n" for identity, sha256 in sorted(self.seen.items()))
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def find_everything(catalog: Catalog, kind: Kind, of: str, most: int = MOST_AT_ONCE) -> Everything:
    """What was made from or with `of` and is not withdrawn.

    Raises BadInput when the catalog has no such photo, checkpoint or setting, or when there are more than `most`.
    """
    pages: dict[Kind, Callable[[str | None], Page[Touched]]] = {
        "photo": lambda cursor: impact_of_photo(catalog, of, cursor=cursor, limit=MOST),
        "checkpoint": lambda cursor: impact_of_checkpoint(catalog, of, cursor=cursor, limit=MOST).assets,
        "setting": lambda cursor: impact_of_setting(catalog, of, cursor=cursor, limit=MOST).assets,
    }
    found: list[Touched] = []
    cursor: str | None = None
    while True:
        page = pages[kind](cursor)
        found += [asset for asset in page.rows if asset.state != "withdrawn"]
        if len(found) > most:
            raise BadInput(
                f"more than {most:,} assets were made with the {kind} {of!r}, which is too many for one withdrawal",
                remedy="Withdraw page by page, or with `catalog impact` and `catalog review withdraw`",
            )
        if page.next is None:
            return Everything(assets=tuple(found))
        cursor = page.next
