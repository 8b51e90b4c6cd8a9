"""The stage `render`."""

from pipeline.stages.render.stage import STAGE

__all__ = ["STAGE"]
