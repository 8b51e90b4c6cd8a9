"""The three ways in which a step can end without a result, and the exit code of each."""

from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.core.reasons.table import require_reason

EXIT_DONE = 0
EXIT_HELD = 20
EXIT_BAD_INPUT = 30


class CatalogError(Exception):
    """An error that a person can act on: what is wrong, where, and what to do about it."""

    exit_code = 1

    def __init__(self, what: str, *, remedy: str = "") -> None:
        """Build the message from `what` (names the file, the field and the value) and `remedy` (what to do next).

        It is one line whatever a library's words in it were: a task's reason is the last line that its step said.
        """
        self.what = " ".join(line.strip() for line in what.splitlines() if line.strip()).removesuffix(".")
        self.remedy = remedy
        super().__init__(f"{self.what}. {remedy}" if remedy else self.what)


class BadInput(CatalogError):
    """The input can never work as it is; trying again is pointless until a person changes it."""

    exit_code = EXIT_BAD_INPUT


class MissingEngine(BadInput):
    """An engine that a setting asks for cannot be used here; there is no fallback to a lesser one."""


class Held(CatalogError):
    """Not good enough to go on, and why. A result, remembered in a manifest, not a failure.

    `code`: the reason in `pipeline.core.reasons`; None only for a hold that a manifest remembers from before holds had
    codes. `passing`: held for lack of time, not by what was shot; the step runs again when it is next requested.
    """

    exit_code = EXIT_HELD

    def __init__(self, what: str, *, code: str | None, remedy: str = "", passing: bool = False) -> None:
        """As `CatalogError`; see above. Raises ValueError when `code` is not a reason for a hold."""
        super().__init__(what, remedy=remedy)
        self.code = code if code is None else require_reason(code, "held")
        self.passing = passing


class StoreFull(CatalogError):
    """The artifact store or the scratch disk has no room left. Retried: the disk may be larger tomorrow."""


@contextmanager
def readable() -> Iterator[None]:
    """Tell of a file that cannot be read (no permission, gone meanwhile, a bad disk) as BadInput that names it."""
    try:
        yield
    except OSError as error:
        raise BadInput(
            f"{error.filename} cannot be read: {error.strerror}", remedy="let this user read it, or put it there again"
        ) from error
