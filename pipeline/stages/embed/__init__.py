"""The stage `embed`."""

from pipeline.stages.embed.stage import STAGE

__all__ = ["STAGE"]
