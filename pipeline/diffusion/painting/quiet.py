"""Load checkpoints without the libraries' progress bars and hints; their warnings stay."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

IMPORT_LOGGER = "transformers.utils.import_utils"
HINT = "requires torchvision (not installed)"


@contextmanager
def quiet_loading() -> Iterator[None]:
    """No progress bars of diffusers and transformers, and no hint to install torchvision, inside this context.

    The hint is dropped by its words: the processors in question are imported by diffusers for its safety checker,
    which is never used here, and a logging level would hide what matters as well.
    """
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    loud = [one for one in (diffusers_logging, transformers_logging) if one.is_progress_bar_enabled()]
    logger = logging.getLogger(IMPORT_LOGGER)
    logger.addFilter(_is_no_hint)
    for one in loud:
        one.disable_progress_bar()
    try:
        yield
    finally:
        _restore(loud)
        logger.removeFilter(_is_no_hint)


def _restore(loud: list[ModuleType]) -> None:
    for one in loud:
        one.enable_progress_bar()


def _is_no_hint(record: logging.LogRecord) -> bool:
    return HINT not in record.getMessage()
