"""Withdraws many assets, some at a time, so that nights can publish in between."""

import time
from collections.abc import Sequence

from pipeline.catalog.database import Catalog
from pipeline.catalog.review.actors import Actor
from pipeline.catalog.review.applying import Decided
from pipeline.catalog.review.decisions import decide
from pipeline.core.errors import BadInput

BATCH = 100  # assets of one transaction, which takes a quarter of a second on a quiet machine
PAUSE_SECONDS = 0.1  # SQLite's writers do not queue: each looks again for the lock, at most so long after the last time


def withdraw(
    catalog: Catalog, asset_ids: Sequence[str], actor: Actor, *, reason: str, seen: dict[str, str] | None = None
) -> tuple[Decided, ...]:
    """Withdraw assets, a batch in each transaction, with a decision and a row of the audit log for every asset.

    `seen`: as in `decide`. Raises BadInput as `decide`; batches before the one that is refused stay withdrawn, and the
    error says how many assets they are.
    """
    ids = list(dict.fromkeys(asset_ids))
    done: tuple[Decided, ...] = ()
    for start in range(0, max(1, len(ids)), BATCH):
        if start and catalog.url.get_backend_name() == "sqlite":
            time.sleep(PAUSE_SECONDS)
        try:
            done += decide(catalog, ids[start : start + BATCH], "withdrawn", actor, reason=reason, seen=seen)
        except BadInput as error:
            if not done:
                raise
            what = f"{len(done):,} of {len(ids):,} assets are withdrawn; then {error.what}"
            raise BadInput(what, remedy=error.remedy) from None
    return done
