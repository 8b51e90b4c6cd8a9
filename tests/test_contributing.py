"""The recipes of CONTRIBUTING.md, run as they are written."""

import __future__

import importlib
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from pipeline import plan
from pipeline.contract.runner import Runner
from pipeline.contract.store import Store
from pipeline.core.engines import purpose_of
from pipeline.core.errors import Held
from pipeline.core.png import decode_png, encode_png
from pipeline.core.reasons.table import REASONS
from pipeline.imaging.channels.channel import load_channel
from pipeline.imaging.cutout.registry import ENGINES
from pipeline.plan import STEPS, stage_of, step_params
from pipeline.splatting.fit.params import FitParams
from pipeline.splatting.fit.strategy.registry import STRATEGIES
from tests.imaging.studio import iou, photograph
from tests.splatting.toy_product import fit, photos, sparse

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text()
BLOCKS = dict(re.findall(r"```(?:python|yaml)\n# (\S+)\n(.*?)```", TEXT, re.S))


@pytest.fixture
def add_module(monkeypatch: pytest.MonkeyPatch) -> Any:
    def add_module(path: str) -> ModuleType:
        """A new module of the recipes, as if it lay where its first line says."""
        assert not (ROOT / path).exists(), f"{path} exists: the recipe needs another name"
        name = path.removesuffix(".py").replace("/", ".")
        module = ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        package, _, leaf = name.rpartition(".")
        monkeypatch.setattr(importlib.import_module(package), leaf, module, raising=False)
        exec(compile(BLOCKS[path], path, "exec"), module.__dict__)  # noqa: S102 - our own text
        return module

    return add_module


def changed(path: str) -> dict[str, Any]:
    """The names of an existing module after a recipe's lines for it."""
    names = dict(vars(importlib.import_module(path.removesuffix(".py").replace("/", "."))))
    exec(compile(BLOCKS[path], path, "exec", __future__.annotations.compiler_flag), names)  # noqa: S102 - our own text
    return names


def test_the_channel_loads(tmp_path: Path) -> None:
    (tmp_path / "marketplace.yaml").write_text(BLOCKS["pipeline/imaging/channels/marketplace.yaml"])
    channel = load_channel("marketplace", tmp_path)
    assert channel.pure_white and channel.frame_px() == (1600, 1600)


def test_the_engine_cuts_a_photo_out(add_module: Any, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    module = add_module("pipeline/imaging/cutout/chroma.py")
    engines = changed("pipeline/imaging/cutout/registry.py")["ENGINES"]
    assert engines.names == (*ENGINES.names, "chroma") and purpose_of(module) == "A green screen."
    monkeypatch.setattr(ENGINES, "engines", engines.engines)
    scene = photograph(size=200, backdrop=(40, 190, 60), shadow=0)
    photo = store.put_tree({"front.png": store.put(encode_png(scene.rgb), "image/png")})
    stage = stage_of("cutout")
    params = step_params("cutout", {"engine": "chroma", "margin": 60})
    assert stage.require_here(params) == "chroma, margin 60"
    outputs = Runner(store).run(stage, stage.inputs(photos=photo), params)[0]
    (cutout,) = store.tree(outputs.cutouts).values()
    assert outputs.report.engine == "chroma" and iou(decode_png(store.read(cutout))[..., 3], scene.alpha) > 0.95


def test_every_registry_is_in_the_table_of_engines() -> None:
    rows = re.findall(r"^\| (\w+) \| `(\S+)\.py` \| `(\w+)` \| (.*) \|$", TEXT, re.M)
    assert [step for step, *_ in rows] == [step for step in STEPS if stage_of(step).engines]
    for step, path, protocol, functions in rows:
        assert importlib.import_module(path.replace("/", ".")).ENGINES is stage_of(step).engines
        base = importlib.import_module(path.replace("/", ".").removesuffix("registry") + "base")
        methods = {name for name, value in vars(getattr(base, protocol)).items() if callable(value) and name[0] != "_"}
        assert methods == set(re.findall(r"\w+", functions))


def test_the_strategy_runs_in_a_fit(add_module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    module = add_module("pipeline/splatting/fit/strategy/prune.py")
    strategies = changed("pipeline/splatting/fit/strategy/registry.py")["STRATEGIES"]
    assert list(strategies) == [*STRATEGIES, "prune"]
    monkeypatch.setitem(STRATEGIES, "prune", lambda *_: module.Prune(opacity=0.5))
    assert isinstance(strategies["prune"](FitParams(), 1.0), module.Prune)
    params = FitParams(strategy="prune", side_px=64, iterations=60, max_seconds=1e6, gaussians=400, degree=0)
    assert 0 < fit(params, photos(side_px=64), sparse()).report.gaussians < 300


def test_the_stage_runs_and_is_found_again(add_module: Any, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for reason in changed("pipeline/core/reasons/steps.py")["STEP_REASONS"]:
        monkeypatch.setitem(REASONS, reason.code, reason)
    module = add_module("pipeline/stages/extent.py")
    graph = changed("pipeline/plan.py")["GRAPH"]
    assert list(graph) == [*plan.GRAPH, "extent"]
    assert set(graph["extent"]) == set(module.STAGE.inputs.model_fields)
    rgba = np.zeros((10, 10, 4), np.uint8)
    rgba[:2] = 255
    cutouts = store.put_tree({"front.png": store.put(encode_png(rgba), "image/png")})
    runner, inputs = Runner(store), module.Inputs(cutouts=cutouts)
    outputs, _, computed = runner.run(module.STAGE, inputs, module.Params())
    assert computed and outputs.report.smallest == module.Extent(photo="front.png", share=0.2)
    assert not runner.run(module.STAGE, inputs, module.Params())[2]
    with pytest.raises(Held, match=r"the product covers 20\.0% of front\.png"):
        runner.run(module.STAGE, inputs, module.Params(share_at_least=0.5))
