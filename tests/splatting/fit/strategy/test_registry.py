"""A registered strategy is available to fits and in help texts."""

import pytest
import torch
from pydantic import ValidationError

from pipeline.splatting.fit.params import FitParams
from pipeline.splatting.fit.report import Hooks
from pipeline.splatting.fit.strategy.registry import STRATEGIES, summaries
from tests.splatting.toy_product import fit, photos, sparse


class Halving:
    """Keeps every other Gaussian at the middle of the fit; counts how often each was visible."""

    needs_slopes = True

    def begin(self, cloud):
        return {"seen": torch.zeros_like(cloud["logits"])}

    def after_step(self, cloud, adam, memory, step, generator):
        memory["seen"] += step.slopes > 0
        if step.crossed(0.5):
            keep = torch.arange(0, len(cloud["logits"]), 2)
            for name in cloud:
                cloud[name] = cloud[name][keep].contiguous()
                adam.reindex(name, keep, torch.zeros_like(keep, dtype=torch.bool))
            memory["seen"] = memory["seen"][keep]


@pytest.fixture
def halve(monkeypatch):
    def halve(params, extent):
        """Keep every other Gaussian."""
        return Halving()

    monkeypatch.setitem(STRATEGIES, "halve", halve)


def test_registered_strategy_changes_the_gaussians_of_a_fit(halve):
    counts = []
    params = FitParams(strategy="halve", side_px=64, iterations=60, max_seconds=1e6, gaussians=400, degree=0)
    result = fit(params, photos(side_px=64), sparse(), Hooks(progress=lambda p: counts.append(p.gaussians)))
    assert counts == [300, 300, 150]
    assert result.report.gaussians <= 150


def test_registered_strategy_is_described_in_help_texts(halve):
    assert list(summaries()) == ["mcmc", "default", "halve"]
    assert summaries()["halve"] == "Keep every other Gaussian"


def test_unknown_strategy_is_refused_with_the_known_names():
    with pytest.raises(ValidationError, match="use one of mcmc, default"):
        FitParams(strategy="halve")
