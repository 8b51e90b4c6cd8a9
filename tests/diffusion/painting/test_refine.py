"""A rendered angle refined by image-to-image: kept if nothing moved, rejected otherwise."""

from dataclasses import replace
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from pipeline.core.errors import BadInput
from pipeline.diffusion.painting.checkpoints import CheckpointFacts
from pipeline.diffusion.painting.engine import DiffusersEngine
from pipeline.diffusion.painting.families import Family
from pipeline.diffusion.painting.loading import load_engine
from pipeline.diffusion.painting.refine import RefineRequest, refine


def product(blur=0.0):
    """A striped disc, 150 px wide, touching the upper border of 200 x 260."""
    y, x = np.mgrid[:200, :260]
    stripes = np.where((x // 9 + y // 13) % 2, 200, 60)[..., None] * np.array([1.0, 0.7, 0.4])
    if blur:
        stripes = cv2.GaussianBlur(stripes, (0, 0), blur)
    inside = (x - 120) ** 2 + (y - 75) ** 2 <= 75**2
    return np.dstack([stripes * inside[..., None], 255 * inside]).round().astype(np.uint8)


REQUEST = RefineRequest(rendered=product(blur=2), photo=product(), prompt="tan wood", seed=3, steps=10)


class Model:
    """A pipeline that returns `how(picture)` of its picture [n, n, 3], 0 to 1."""

    def __init__(self, how):
        self.how, self.asked = how, []
        self.scheduler = Scheduler()

    def __call__(self, **asked):
        self.asked.append(asked)
        picture = np.asarray(asked["image"][0], np.float32) / 255
        return SimpleNamespace(images=[self.how(picture)])


def engine_of(model):
    return DiffusersEngine(model, "digest", 128, CheckpointFacts(), Family())


class Scheduler:
    config = None

    @classmethod
    def from_config(cls, _config):
        return cls()


def _chequered(picture, size_px=8):
    return ((np.indices(picture.shape[:2]) // size_px).sum(0) % 2)[..., None]


def sharper(picture):
    return picture + 0.8 * (picture - cv2.GaussianBlur(picture, (0, 0), 1.5))


def test_detail_is_added_only_where_the_product_is():
    model = Model(sharper)
    done = refine(engine_of(model), REQUEST)
    assert done.fault is None and done.edges > 0.9 and done.colour_de < 2
    before, after = REQUEST.rendered, done.rgba
    assert np.array_equal(after[..., 3], before[..., 3])
    assert np.array_equal(after[before[..., 3] == 0], before[before[..., 3] == 0])
    deep = cv2.erode(before[..., 3], np.ones((15, 15))) == 255
    assert after[deep].astype(float).std() > 1.02 * before[deep].astype(float).std()
    asked = model.asked[0]
    mask = np.asarray(asked["mask_image"][0])
    assert asked["strength"] == 0.2 and mask.shape == (128, 128) and 0.5 < (mask == 255).mean() < 0.8


def test_detail_is_limited_to_what_the_photo_shows():
    flat = np.where(product()[..., 3:] > 0, np.array([150, 105, 60, 255], np.uint8), 0).astype(np.uint8)
    done = refine(engine_of(Model(sharper)), replace(REQUEST, photo=flat))
    change = np.abs(done.rgba[..., :3].astype(int) - REQUEST.rendered[..., :3])
    free = np.abs(refine(engine_of(Model(sharper)), REQUEST).rgba[..., :3].astype(int) - REQUEST.rendered[..., :3])
    assert change.mean() < 0.5 * free.mean()


@pytest.mark.parametrize(
    ("how", "words"),
    [
        (lambda picture: picture + np.where(_chequered(picture, 4), 0.1, -0.1), "edges moved"),
        (lambda picture: np.roll(picture, 5, axis=1), "moved"),
        (lambda picture: np.random.default_rng(0).random(picture.shape), "moved"),
        (lambda picture: np.where(_chequered(picture), picture, [0, 0, 1]), "moved"),
    ],
)
def test_refinement_that_moves_edges_or_colours_is_rejected(how, words):
    done = refine(engine_of(Model(how)), REQUEST)
    assert words in done.fault
    assert done.rgba is REQUEST.rendered


def test_overall_colour_of_the_model_is_not_taken():
    done = refine(engine_of(Model(lambda picture: picture * [0.6, 1.0, 1.4])), REQUEST)
    shift = done.rgba.astype(float).mean(axis=(0, 1)) - REQUEST.rendered.mean(axis=(0, 1))
    assert done.fault is not None or np.abs(shift[:3]).max() < 1


@pytest.mark.parametrize("checkpoint", ["tiny", "tiny_xl"])
def test_real_pipeline_of_random_weights_is_rejected_reproducibly(checkpoint, request):
    engine = load_engine(str(request.getfixturevalue(checkpoint)))
    first, second = (refine(engine, REQUEST) for _ in range(2))
    assert (first.colour_de, first.edges) == (second.colour_de, second.edges)
    assert first.fault and first.rgba is REQUEST.rendered
    other = refine(engine, replace(REQUEST, seed=4))
    assert (other.colour_de, other.edges) != (first.colour_de, first.edges)


@pytest.mark.parametrize(("empty", "what"), [("rendered", "the picture"), ("photo", "the nearest photo's cut-out")])
def test_model_is_not_called_without_a_product(empty, what):
    model = Model(sharper)
    request = replace(REQUEST, **{empty: np.zeros_like(REQUEST.rendered)})
    done = refine(engine_of(model), request)
    assert done.fault == f"{what} shows no product" and model.asked == [] and done.rgba is request.rendered


@pytest.mark.parametrize("change", [{"strength": 0.9}, {"strength": 0.01}, {"steps": 2, "strength": 0.2}])
def test_strength_out_of_range_is_bad_input(change):
    with pytest.raises(BadInput, match=r"refine: strength .* steps"):
        refine(engine_of(Model(sharper)), replace(REQUEST, **change))


def test_values_that_are_not_numbers_are_bad_input():
    with pytest.raises(BadInput, match="not numbers"):
        refine(engine_of(Model(lambda picture: picture * np.nan)), REQUEST)
