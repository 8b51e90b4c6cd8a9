"""Recording how steps ended, so that a failure to record hides no step's own reason."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pipeline.core.errors import CatalogError
from pipeline.run import StepResult

OWN = frozenset(("failed", "refused", "held"))  # states whose reason is a step's own


@contextmanager
def recording(results: Sequence[StepResult]) -> Iterator[None]:
    """Within it, how the steps ended is recorded: an error there says what failed before as well, each once."""
    try:
        yield
    except CatalogError as error:
        ended = [
            f"{result.step} {result.state}: {result.reason.removesuffix(f'. {error.remedy}').rstrip('.')}"
            for result in results
            if result.reason and result.by is None and result.state in OWN
        ]
        if not ended:
            raise
        what = f"{'; '.join(ended)}; and how the run ended cannot be recorded: {error.what}"
        raise type(error)(what, remedy=error.remedy) from None
