"""A garment on a person: what the checkpoint is asked, and the shape of what it paints."""

import numpy as np
import pytest

from pipeline.core.errors import BadInput
from pipeline.diffusion.painting.checkpoints import CheckpointFacts
from pipeline.diffusion.painting.engine import DiffusersEngine
from pipeline.diffusion.painting.families import Family
from pipeline.diffusion.painting.wearing import WearRequest, wear


class Model:
    """A pipeline that returns its first picture."""

    class Scheduler:
        config = None

        @classmethod
        def from_config(cls, _config):
            return cls()

    scheduler = Scheduler()

    def __call__(self, **asked):
        self.asked = asked
        picture = np.asarray(asked["image"][0], np.float32) / 255
        return type("Made", (), {"images": [picture]})


def person():
    return np.repeat(np.linspace(0, 255, 90).astype(np.uint8)[:, None, None], 60, axis=1).repeat(3, axis=2)


def shirt():
    picture = np.zeros((50, 70, 4), np.uint8)
    picture[10:40, 20:50] = (200, 10, 10, 255)
    return picture


def engine_of(model):
    return DiffusersEngine(model, "digest", 64, CheckpointFacts(), Family(takes_negative=False))


def test_the_person_comes_first_and_the_garment_fills_a_white_square():
    model = Model()
    made = wear(engine_of(model), WearRequest(person(), shirt(), seed=3, side_px=96, prompt="on a beach"))
    assert made.shape == (96, 64, 3) and made.dtype == np.uint8
    assert np.abs(made[:, 30].astype(int) - np.asarray(model.asked["image"][0])[:, 30]).max() <= 1
    garment = np.asarray(model.asked["image"][1])
    assert garment.shape == (64, 64, 3) and (garment[0, 0] == 255).all() and (garment[32, 32] == (200, 10, 10)).all()
    (prompt,) = model.asked["prompt"]
    assert prompt.startswith("The person in the first picture wears") and prompt.endswith("on a beach")


def test_a_cutout_without_a_product_is_named():
    with pytest.raises(BadInput, match=r"shows no product.*Check its cut-out"):
        wear(engine_of(Model()), WearRequest(person(), np.zeros((20, 20, 4), np.uint8), seed=3))
