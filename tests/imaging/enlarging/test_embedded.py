import numpy as np
import pytest

from pipeline.core.errors import MissingEngine
from pipeline.core.weights import folder_digest
from pipeline.imaging.enlarging import embedded
from pipeline.imaging.enlarging.embedded import WEIGHTS, load_network
from pipeline.imaging.enlarging.product import lanczos, shrunk
from pipeline.imaging.enlarging.registry import ENGINES, enlarge
from pipeline.imaging.enlarging.training.card import psnr_db
from tests.imaging.products import make_product, on_studio

PARAMS = ENGINES.parse({"engine": "embedded"})


def photo():
    return on_studio(make_product(320, 256, seed=5))


@pytest.mark.parametrize("factor", [2, 4])
def test_embedded_network_is_closer_to_the_photo_than_lanczos(factor):
    truth = photo()
    small = shrunk(truth, factor)
    made = enlarge(small, factor, PARAMS)
    assert made.shape == truth.shape and made.dtype == np.uint8
    assert psnr_db(made, truth) > psnr_db(lanczos(small, factor), truth) + 0.2


@pytest.mark.parametrize("factor", [2, 4])
def test_tiles_give_the_pixels_of_the_whole_picture(factor):
    """The plain twin is the network run once over the padded picture."""
    import torch

    from pipeline.imaging.enlarging.tiles import in_tiles

    net, small = load_network(WEIGHTS / f"x{factor}.safetensors"), shrunk(photo(), 2)
    reach_px = net.reach_px
    tiled = in_tiles(small, np.ones(small.shape[:2], bool), net, factor, reach_px, tile_px=48)
    padded = np.pad(small, ((reach_px, reach_px), (reach_px, reach_px), (0, 0)), mode="edge")
    with torch.inference_mode():
        pixels = torch.from_numpy(padded.transpose(2, 0, 1)[None].astype(np.float32) / 255)
        whole = net(pixels)[0].clamp(0, 1).permute(1, 2, 0).numpy()
    inner = slice(factor * reach_px, -factor * reach_px)
    assert np.abs(tiled - 255 * whole[inner, inner]).max() <= 0.51


def test_tiles_without_product_are_left_out():
    small = np.full((200, 600, 3), 90, np.uint8)
    where = np.zeros((200, 600), bool)
    where[10:20, 10:20] = True
    made = enlarge(small, 2, PARAMS, where)
    assert (made[:, :512] > 80).all() and not made[:, 512:].any()


def test_same_picture_gives_the_same_pixels_and_threads_are_given_back():
    import torch

    before, small = torch.get_num_threads(), shrunk(photo(), 4)
    assert np.array_equal(enlarge(small, 2, PARAMS), enlarge(small, 2, PARAMS))
    assert torch.get_num_threads() == before


def test_plain_areas_stay_exactly_plain():
    grey = np.full((40, 40, 3), 128, np.uint8)
    assert np.abs(enlarge(grey, 2, PARAMS).astype(int) - 128).max() <= 1


def test_factor_between_those_of_the_networks_is_reached_by_the_larger_one():
    small = shrunk(photo(), 4)
    assert enlarge(small, 3, PARAMS).shape == (3 * small.shape[0], 3 * small.shape[1], 3)


def test_networks_are_smaller_than_a_megabyte_and_state_their_licence():
    assert sum(path.stat().st_size for path in WEIGHTS.glob("*.safetensors")) < 1_000_000
    assert PARAMS.licence_use == "commercial" and PARAMS.checkpoint_sha256 == folder_digest(WEIGHTS)
    assert PARAMS.checkpoint_sha256[:12] in ENGINES.require_here(PARAMS)


def test_another_version_of_the_network_than_the_pinned_one_is_refused():
    pinned = ENGINES.parse({"engine": "embedded", "checkpoint_sha256": "0" * 64})
    with pytest.raises(MissingEngine, match="the setting pins 0000") as error:
        ENGINES.require_here(pinned)
    assert "Remove checkpoint_sha256" in error.value.remedy
    with pytest.raises(MissingEngine):
        enlarge(np.zeros((8, 8, 3), np.uint8), 2, pinned)


def test_a_network_that_is_not_there_is_named(tmp_path, monkeypatch):
    params = embedded.Params()
    (tmp_path / "x2.safetensors").write_bytes(b"")
    monkeypatch.setattr(embedded, "WEIGHTS", tmp_path)
    with pytest.raises(MissingEngine, match=r"has no x4\.safetensors. Install this project again"):
        embedded.require_here(params)
