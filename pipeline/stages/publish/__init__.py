"""The stage `publish`."""

from pipeline.stages.publish.stage import STAGE, Inputs, Params, Report

__all__ = ["STAGE", "Inputs", "Params", "Report"]
