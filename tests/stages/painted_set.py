"""A shoot whose backdrops a clumsy painter paints, with faults where a test wants them."""

import hashlib

import numpy as np
import pytest

from pipeline.contract.runner import Runner
from pipeline.core.domain import Angle
from pipeline.core.records import Caption, Picture, dump_json
from pipeline.diffusion.painting.registry import ENGINES
from pipeline.stages.background.stage import STAGE, Inputs, Params
from pipeline.stages.background.tries import _seed
from pipeline.stages.composite.stage import STAGE as COMPOSITE
from pipeline.stages.composite.stage import Params as CompositeParams
from tests.imaging.products import make_product
from tests.stages.test_composite import FEED, ComposedShoot, png
from tests.toy_engines import clumsy

PAPER = {"name": "paper", "kind": "diffusion", "prompt": "white paper, low horizon"}
WHITE = {"name": "white", "kind": "solid", "colour": "#ffffff"}
KILL = "killed by the test"


@pytest.fixture(autouse=True)
def painter(monkeypatch):
    monkeypatch.setitem(ENGINES.engines, "clumsy", clumsy)
    clumsy.calls.clear()


class Set:
    """A shoot of one or more flat products, and the stage background painting behind them."""

    def __init__(self, store, angles=("front",), base=(176, 92, 60)):
        self.store, self.events, self.kill_at = store, [], None
        self.runner = Runner(store, notify=self._notify)
        self.products = {name: flat(base, 200 + 20 * i) for i, name in enumerate(angles)}

    def _notify(self, event):
        self.events.append(event)
        if self.kill_at is not None and (event.kind, event.step) == self.kill_at:
            raise KeyboardInterrupt(KILL)

    def inputs(self):
        pictures = [
            Picture(angle=Angle(name=name, azimuth_deg=0), source="captured", photo="p0", reason="near")
            for name in self.products
        ]
        caption = Caption(engine="toy", title="t", description="d", alt_text="a", attributes={}, prompt="a red jar")
        files = {f"{name}.png": self.store.put(png(image), "image/png") for name, image in self.products.items()}
        return Inputs(
            angles=self.store.put_tree(files),
            pictures=self.store.put(dump_json(pictures), "application/json"),
            caption=self.store.put(dump_json(caption), "application/json"),
        )

    def paint(self, faults=(), **changes):
        return self.runner.run(STAGE, self.inputs(), params_of(faults, **changes))


def flat(base, width):
    image = make_product(240, width)
    image[..., :3] = np.where(image[..., 3:] > 0, np.array(base, np.uint8), 0)
    return image


def seeds_of(count, seed=0):
    first = int.from_bytes(hashlib.sha256(f"{seed}/paper/".encode()).digest()[:4], "big") % 2**31
    return [first, *(_seed(first, number) for number in range(2, count + 1))]


def params_of(faults=(), diffusion=(), **changes):
    """`faults`: what the first tries paint."""
    wrong = dict(zip(seeds_of(len(faults) or 1), faults, strict=False))
    painter = {"engine": "clumsy", "faults": wrong, **dict(diffusion)}
    return Params.model_validate({"backdrops": [PAPER], "size_px": 320, "diffusion": painter, **changes})


def composed(shoot, faults, **changes):
    """Composite what was painted: the records, and the manifests of both steps."""
    painted, background, _ = shoot.paint(faults, **changes)
    cut = ComposedShoot(shoot.store.root)
    cut.product = shoot.products["front"]
    base = cut.inputs()
    files = base.model_copy(
        update={
            "angles": shoot.inputs().angles,
            "pictures": shoot.inputs().pictures,
            "backdrops": painted.backdrops,
            "backdrop_pictures": painted.backdrop_pictures,
        }
    )
    made, manifest, _ = shoot.runner.run(COMPOSITE, files, CompositeParams(channels=(FEED,)))
    return made, {"background": background, "composite": manifest}, painted
