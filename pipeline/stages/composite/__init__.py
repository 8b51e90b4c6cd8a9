"""The stage `composite`."""

from pipeline.stages.composite.stage import STAGE

__all__ = ["STAGE"]
