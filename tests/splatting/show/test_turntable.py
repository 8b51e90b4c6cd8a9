"""Turntables: the number of frames, their agreement with renders at each azimuth, and the files."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from pipeline.core.domain import look_at
from pipeline.core.errors import BadInput
from pipeline.splatting.framing import FRONT_OF_UP, framed
from pipeline.splatting.gaussians import Gaussians
from pipeline.splatting.ply import Splat, write_ply
from pipeline.splatting.show.render import render
from pipeline.splatting.show.turntable import TurnParams, turn, turn_to_file, webp
from tests.splatting.toy_product import product

SMALL = TurnParams(frames=8, size=64, seconds=1.0)


@pytest.fixture
def ply(tmp_path):
    path = tmp_path / "splat.ply"
    path.write_bytes(write_ply(product()))
    return path


def over(rgba, level=128.0):
    """RGBA over grey, float [H, W, 3]."""
    alpha = rgba[..., 3:] / 255.0
    return rgba[..., :3] * alpha + level * (1 - alpha)


def test_each_frame_of_the_webp_is_the_render_at_its_azimuth(ply, tmp_path):
    reports = []
    turn_to_file(ply, tmp_path / "turn.webp", SMALL, on_frame=lambda done, total, _: reports.append((done, total)))
    assert reports == [(i + 1, 8) for i in range(8)]
    with Image.open(tmp_path / "turn.webp") as film:
        assert (film.format, film.n_frames, film.info["loop"]) == ("WEBP", 8, 0)
        frames, lasted_ms = [], 0
        for index in range(8):
            film.seek(index)
            film.load()
            frames.append(over(np.asarray(film.convert("RGBA"), np.float64)))
            lasted_ms += film.info["duration"]
    assert lasted_ms == 1000
    drawn = [over(render(product(), *framed(product(), 45.0 * i, 15.0, 64)).rgba.astype(np.float64)) for i in range(8)]
    for index, frame in enumerate(frames):  # nearer to its own render than to any other
        assert np.argmin([np.abs(frame - other).mean() for other in drawn]) == index
        assert np.abs(frame - drawn[index]).mean() < 4  # of 255; what lossy WebP costs at 64 px


def test_the_same_splat_gives_the_same_bytes():
    first, second = (webp(turn(product(), SMALL), SMALL.seconds) for _ in range(2))
    assert first == second
    Image.open(io.BytesIO(first)).verify()


def test_mp4_has_the_requested_duration_over_white(ply, tmp_path):
    turn_to_file(ply, tmp_path / "turn.mp4", SMALL)
    film = cv2.VideoCapture(str(tmp_path / "turn.mp4"))
    assert film.get(cv2.CAP_PROP_FPS) == pytest.approx(8.0)
    frames = []
    while (read := film.read())[0]:
        frames.append(read[1])
    assert len(frames) == 8 and frames[0].shape == (64, 64, 3)
    assert frames[0][:3, :3].min() > 245 and frames[0][32, 32].min() < 200


def test_existing_files_and_other_endings_are_refused(ply, tmp_path):
    (tmp_path / "mine.webp").write_text("mine")
    with pytest.raises(BadInput, match=r"mine\.webp already exists"):
        turn_to_file(ply, tmp_path / "mine.webp", SMALL)
    assert (tmp_path / "mine.webp").read_text() == "mine"
    with pytest.raises(BadInput, match=r"'\.gif'.*\.webp or \.mp4"):
        turn_to_file(ply, tmp_path / "turn.gif", SMALL)
    with pytest.raises(BadInput, match="nosuch"):
        turn_to_file(ply, tmp_path / "nosuch" / "turn.webp", SMALL)
    with pytest.raises(
        BadInput, match=r"720 frames of 1024 px are too many for a WebP\. Write fewer frames, or an \.mp4"
    ):
        turn_to_file(ply, tmp_path / "turn.webp", TurnParams(frames=720, size=1024))
    with pytest.raises(BadInput, match=r"cannot be 401 px wide.*Choose 402"):
        turn_to_file(ply, tmp_path / "turn.mp4", TurnParams(size=401))
    assert not (tmp_path / "turn.gif").exists() and not (tmp_path / "turn.webp").exists()


@pytest.mark.parametrize("up", FRONT_OF_UP)
def test_file_with_another_up_axis_is_drawn_upright(up):
    rotation = np.array(FRONT_OF_UP[up], np.float64)
    assert np.linalg.det(rotation) == pytest.approx(1)
    own = product().gaussians  # round Gaussians of one colour each, so turning their means turns them whole
    rotated = Gaussians((own.means @ rotation).astype(np.float32), own.log_scales, own.quats, own.logits, own.sh)
    turned = Splat(rotated, antialias=True)
    expected = render(product(), *framed(product(), 30.0, 15.0, 64)).rgba.astype(int)
    assert np.abs(render(turned, *framed(turned, 30.0, 15.0, 64, up=up)).rgba.astype(int) - expected).max() <= 2


def test_minus_y_up_looks_as_colmap_cameras_do():
    """An upright COLMAP camera at the world's origin has x right, y down, z forward: azimuth 0 stands like it."""
    _, pose = framed(product(), 0.0, 0.0, 64, up="-y")
    assert np.allclose(pose[:3, :3], np.eye(3), atol=1e-9)
    assert not np.allclose(look_at(0.0, 0.0, 1.0)[:3, :3], np.eye(3))
