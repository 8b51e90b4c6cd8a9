"""The stage `background`."""

from pipeline.stages.background.stage import STAGE

__all__ = ["STAGE"]
