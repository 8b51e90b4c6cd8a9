"""The stage `evidence`."""

from pipeline.stages.evidence.stage import STAGE

__all__ = ["STAGE"]
