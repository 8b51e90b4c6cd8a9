"""The stage `cutout`."""

from pipeline.stages.cutout.stage import STAGE

__all__ = ["STAGE"]
