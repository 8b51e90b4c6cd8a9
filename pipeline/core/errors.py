"""Errors that end a step without a result, and the exit code of each."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from pipeline.core.reasons.table import require_reason

EXIT_DONE = 0
EXIT_HELD = 20
EXIT_BAD_INPUT = 30
NOT_PLANNED = "not part of this backfill"  # why a step of the graph is not in a plan


class CatalogError(Exception):
    """An error that a person can act on: what is wrong, where, and what to do."""

    exit_code = 1

    def __init__(self, what: str, *, remedy: str = "") -> None:
        """Build the message from `what` (file, field and value) and `remedy` (what to do next).

        The message is one line even if `what` quotes several, because Airflow shows a step's last line as its reason.
        """
        self.what = " ".join(line.strip() for line in what.splitlines() if line.strip()).removesuffix(".")
        self.remedy = remedy
        super().__init__(f"{self.what}. {remedy}" if remedy else self.what)


class BadInput(CatalogError):
    """The input can never work as it is; a retry is pointless until a person changes it."""

    exit_code = EXIT_BAD_INPUT


class MissingEngine(BadInput):
    """A requested engine cannot run on this machine; there is no fallback to another one."""


class Held(CatalogError):
    """The step's result is not good enough to continue. A hold is a result, recorded in a manifest, not a failure.

    `code`: the reason in `pipeline.core.reasons`; None only for a hold recorded before holds had codes. `passing`: held
    for lack of time and not because of the photos; the step runs again when it is next requested. `picture`: a PNG that
    shows why; the runner stores it.
    """

    exit_code = EXIT_HELD

    def __init__(
        self, what: str, *, code: str | None, remedy: str = "", passing: bool = False, picture: bytes | None = None
    ) -> None:
        """Build the message as `CatalogError` does. Raises ValueError when `code` is not a reason for a hold."""
        super().__init__(what, remedy=remedy)
        self.code = code if code is None else require_reason(code, "held")
        self.passing = passing
        self.picture = picture


def brief(faults: Iterable[str], at_most: int = 3) -> str:
    """Join the first faults for a message of one sentence, and say how many are left out."""
    listed = list(faults)
    more = len(listed) - at_most
    return "; ".join(listed[:at_most]) + (f"; and {more} more" if more > 0 else "")


class StoreFull(CatalogError):
    """The artifact store or the scratch disk is full. The step is retried, because space may be freed."""


@contextmanager
def readable() -> Iterator[None]:
    """Turn an OSError (no permission, file removed, bad disk) into BadInput that names the file."""
    try:
        yield
    except OSError as error:
        raise BadInput(
            f"{error.filename} cannot be read: {error.strerror}", remedy="Let this user read it, or restore it"
        ) from error
