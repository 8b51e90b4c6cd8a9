import cv2
import numpy as np
import pytest

from pipeline.core.errors import BadInput
from pipeline.posing.sfm.crops import MARGIN_PX, prepare
from pipeline.posing.sfm.photos import PhotoFile
from pipeline.posing.sfm.request import PoseParams
from tests.posing.sfm.test_colmap import save

PARAMS = PoseParams(max_side_px=400, mask_dilation_px=4)
WIDTH, HEIGHT = 800, 600


def one_photo(folder, seed=0):
    rgb = np.random.default_rng(seed).integers(0, 255, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    return PhotoFile(save(folder / "photos" / "P0.png", rgb), WIDTH, HEIGHT)


def mask_of(folder, left, top, right, bottom):
    alpha = np.zeros((HEIGHT, WIDTH), np.uint8)
    alpha[top:bottom, left:right] = 255
    return {"P0": save(folder / "masks" / "P0.png", np.dstack([np.zeros((HEIGHT, WIDTH, 3), np.uint8), alpha]))}


def test_a_crop_is_the_part_of_the_photo_that_it_says(tmp_path):
    photo = one_photo(tmp_path)
    masks = mask_of(tmp_path, 300, 200, 500, 340)
    prepared = prepare([photo], masks, PARAMS, [400, 800], tmp_path / "crops", 2)
    for side_px, scale in ((400, 0.5), (800, 1.0)):
        (crop,) = prepared.crops[side_px]
        assert (crop.scale_x, crop.scale_y) == (scale, scale)
        assert crop.left_px == pytest.approx(300 * scale - 4 * side_px / 400 - MARGIN_PX, abs=1)
        assert crop.top_px == pytest.approx(200 * scale - 4 * side_px / 400 - MARGIN_PX, abs=1)
        allowed = np.load(tmp_path / "crops" / str(side_px) / "P0.png.npy")
        picture = cv2.imread(str(tmp_path / "crops" / str(side_px) / "P0.png"), cv2.IMREAD_UNCHANGED)
        assert picture.shape == allowed.shape
        middle = (int(270 * scale) - crop.top_px, int(400 * scale) - crop.left_px)
        assert allowed[middle]
        assert not allowed[0].any()
        assert not allowed[:, -1].any()
    rgb = cv2.imread(str(photo.path))[crop.top_px :, crop.left_px :][: picture.shape[0], : picture.shape[1]]
    assert np.abs(rgb @ [0.0722, 0.7152, 0.2126] - picture).max() <= 1


def test_a_product_at_the_edge_is_cropped_at_the_edge(tmp_path):
    photo = one_photo(tmp_path)
    masks = mask_of(tmp_path, 0, 0, 100, HEIGHT)
    (crop,) = prepare([photo], masks, PARAMS, [400], tmp_path / "crops", 1).crops[400]
    assert (crop.left_px, crop.top_px) == (0, 0)
    assert cv2.imread(str(tmp_path / "crops" / "400" / "P0.png")).shape[0] == 300


def test_whole_photos_have_no_mask_and_are_never_enlarged(tmp_path):
    prepared = prepare([one_photo(tmp_path)], None, PARAMS, [2000], tmp_path / "crops", 1)
    assert prepared.silhouettes is None
    assert prepared.crops[2000][0].scale_x == 1.0
    assert not list(tmp_path.glob("crops/*/*.npy"))


def test_a_photo_that_shrank_since_it_was_listed_is_bad_input(tmp_path):
    photo = one_photo(tmp_path)
    save(photo.path, np.zeros((30, 40, 3), np.uint8))
    with pytest.raises(BadInput, match=r"P0\.png cannot be decoded in its size"):
        prepare([photo], None, PARAMS, [400], tmp_path / "crops", 1)
