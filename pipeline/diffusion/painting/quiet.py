"""Loads checkpoints without the libraries' progress bars and hints; their warnings stay."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

IMPORT_LOGGER = "transformers.utils.import_utils"
HINT = "requires torchvision (not installed)"


@contextmanager
def quiet_loading() -> Iterator[None]:
    """Suppress diffusers' and transformers' progress bars, and the hint to install torchvision, inside this context.

    The hint is filtered by its text: it concerns processors of diffusers' safety checker, which is never used here, and
    a logging level would hide real warnings too.
    """
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    enabled = [module for module in (diffusers_logging, transformers_logging) if module.is_progress_bar_enabled()]
    logger = logging.getLogger(IMPORT_LOGGER)
    logger.addFilter(_is_not_hint)
    for module in enabled:
        module.disable_progress_bar()
    try:
        yield
    finally:
        _restore(enabled)
        logger.removeFilter(_is_not_hint)


def _restore(modules: list[ModuleType]) -> None:
    for module in modules:
        module.enable_progress_bar()


def _is_not_hint(record: logging.LogRecord) -> bool:
    return HINT not in record.getMessage()
