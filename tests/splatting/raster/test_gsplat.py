"""gsplat as a `Rasterizer`: with its own torch kernels on the CPU, and its CUDA kernels if there is a GPU."""

import sys
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.core.domain import Camera, look_at
from pipeline.core.errors import BadInput, MissingEngine
from pipeline.splatting.fit import trainer
from pipeline.splatting.fit.params import FitParams
from pipeline.splatting.fit.report import Hooks
from pipeline.splatting.lens import lens_of
from pipeline.splatting.raster.base import VALUES
from pipeline.splatting.raster.cpu import CpuRasterizer
from pipeline.splatting.raster.gsplat import GsplatRasterizer
from pipeline.splatting.raster.reference import draw_reference
from tests.splatting.raster.test_rasterize import (
    CAMERA,
    HEIGHT,
    WIDTH,
    assert_same_gradients,
    assert_same_picture,
    scene,
)
from tests.splatting.toy_product import fit, photos, sparse

INSTALLED = find_spec("gsplat") is not None
needs_gsplat = pytest.mark.skipif(not INSTALLED, reason="gsplat is not installed: pip install -e '.[gsplat]'")
needs_cuda = pytest.mark.skipif(
    not (INSTALLED and torch.cuda.is_available()), reason="gsplat's kernels require a CUDA device"
)


def cloud_of(values, dtype=torch.float32):
    """Make leaves; opacities are below 0.99, where gsplat's cap on alpha (0.999) and ours (0.99) agree."""
    capped = [*values[:3], np.minimum(values[3], 4.5), values[4]]
    return {name: torch.tensor(v, dtype=dtype, requires_grad=True) for name, v in zip(VALUES, capped, strict=True)}


def drawn(engine, values, pose, degree, antialias, camera=CAMERA):
    """Return the picture, the leaves with gradients, and the weights, which are the same for every engine."""
    cloud, pose = cloud_of(values), torch.tensor(pose, dtype=torch.float64, requires_grad=True)
    moved = {name: value.to(engine.device) for name, value in cloud.items()}
    picture = engine.draw(moved, pose, lens_of(camera), degree, antialias=antialias).cpu()
    weights = torch.from_numpy(np.random.default_rng(0).normal(size=tuple(picture.shape))).float()
    (picture * weights).sum().backward()
    return picture.detach().double(), [*cloud.values(), pose], weights.double()


def reference(values, pose, degree, antialias, weights):
    cloud, pose = cloud_of(values), torch.tensor(pose, dtype=torch.float64, requires_grad=True)
    leaves = [v.detach().double().requires_grad_(True) for v in cloud.values()]
    picture = draw_reference(*leaves, pose, lens_of(CAMERA), degree, antialias)
    (picture * weights).sum().backward()
    return picture.detach(), [*leaves, pose]


def composite(means2d, conics, colors, opacities, width, height, *_, **__):
    """Do what gsplat's CUDA kernel RasterizeToPixels3DGSFwd does, for one camera, every Gaussian at every pixel."""
    ys, xs = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    d = torch.stack([xs, ys], -1).reshape(-1, 1, 2) - means2d[0]
    a, b, c = conics[0].unbind(-1)
    sigma = 0.5 * (a * d[..., 0] ** 2 + c * d[..., 1] ** 2) + b * d[..., 0] * d[..., 1]
    alpha = (opacities[0] * torch.exp(-sigma)).clamp_max(0.999)
    alpha = torch.where((sigma >= 0) & (alpha >= 1 / 255), alpha, torch.zeros_like(alpha))
    through = torch.cumprod(torch.cat([torch.ones_like(alpha[:, :1]), 1 - alpha], 1), 1)
    weight = torch.where(through[:, 1:] > 1e-4, alpha * through[:, :-1], torch.zeros_like(alpha))
    return (weight @ colors[0]).reshape(1, height, width, -1), weight.sum(1).reshape(1, height, width, 1)


@pytest.fixture
def on_cpu(monkeypatch):
    """The engine with the real `gsplat.rasterization`, and gsplat's own torch kernels in place of CUDA's."""
    import gsplat
    from gsplat import rendering
    from gsplat.cuda import _torch_impl

    order = {}

    def project(means, covars, quats, scales, viewmats, ks, width, height, *, packed, radius_clip, sparse_grad,
                opacities, **options):  # fmt: skip
        assert covars is None and packed is False and radius_clip == 0.0
        covars, _ = _torch_impl._quat_scale_to_covar_preci(torch.nn.functional.normalize(quats, dim=-1), scales)
        projected = _torch_impl._fully_fused_projection(means, covars, viewmats, ks, width, height, **options)
        radii, _, depths, _, compensations = projected
        order["nearest"] = torch.where(radii[0].all(-1), depths[0], torch.inf).argsort(stable=True)
        order["drawn"] = radii[0].all(-1) & (opacities * (1 if compensations is None else compensations[0]) > 1 / 255)
        return projected

    def blend(means2d, conics, colors, opacities, *rest, **options):
        keep = order["nearest"][order["drawn"][order["nearest"]]]
        return composite(*(v[:, keep] for v in (means2d, conics, colors, opacities)), *rest, **options)

    nothing = torch.zeros(0)  # `blend` ignores tiles
    monkeypatch.setattr(rendering, "fully_fused_projection", project)
    monkeypatch.setattr(gsplat, "spherical_harmonics", _torch_impl._spherical_harmonics)
    monkeypatch.setattr(rendering, "isect_tiles", lambda *a, **k: (nothing, nothing, nothing))
    monkeypatch.setattr(rendering, "isect_offset_encode", lambda _, n, columns, rows: torch.zeros(n, rows, columns))
    monkeypatch.setattr(rendering, "rasterize_to_pixels", blend)
    return GsplatRasterizer("cpu")


@needs_gsplat
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10_000), degree=st.integers(0, 3), antialias=st.booleans(), azimuth=st.floats(0, 360),
    elevation=st.floats(-80, 80),
)  # fmt: skip
def test_gsplats_own_torch_kernels_equal_our_reference(on_cpu, seed, degree, antialias, azimuth, elevation):
    values, pose = scene(seed), look_at(azimuth, elevation, 4.0)
    picture, fast, weights = drawn(on_cpu, values, pose, degree, antialias)
    expected, slow = reference(values, pose, degree, antialias, weights)
    assert_same_picture(picture, expected)
    assert_same_gradients(fast, slow)


@needs_gsplat
def test_both_engines_report_the_same_slopes(on_cpu):
    slopes = []
    for engine in (CpuRasterizer(), on_cpu):
        cloud, pose, received = cloud_of(scene(7)), torch.from_numpy(look_at(30, 10, 4.0)), []
        with torch.no_grad():
            cloud["means"][0] = pose[:3, :3].T.float() @ (torch.tensor([0, 0, -1.0]) - pose[:3, 3].float())  # behind
        picture = engine.draw(cloud, pose, lens_of(CAMERA), 3, antialias=True, on_means2d=received.append)
        (picture * torch.linspace(-1, 1, picture.numel()).reshape(picture.shape)).sum().backward()
        slopes.append(received)
    (ours,), (theirs,) = slopes
    assert ours.shape == theirs.shape == (len(cloud["means"]), 2)
    assert (ours[0] == 0).all() and (theirs[0] == 0).all()
    assert (ours - theirs).norm() <= 1e-3 * ours.norm() > 0


@needs_gsplat
def test_input_that_gsplat_cannot_draw_correctly_is_refused(on_cpu):
    cloud, pose = cloud_of(scene(5)), torch.from_numpy(look_at(0, 0, 4.0))
    window = lens_of(CAMERA, CAMERA.model_copy(update={"width_px": 2 * WIDTH}))
    with pytest.raises(BadInput, match="window"):
        on_cpu.draw(cloud, pose, window, 3, antialias=True)
    with pytest.raises(BadInput, match="rigid"):
        on_cpu.draw(cloud, pose * 2, lens_of(CAMERA), 3, antialias=True)
    with torch.no_grad():
        cloud["logits"][3] = np.nan
    with pytest.raises(BadInput, match="logits of the Gaussians contains NaN"):
        on_cpu.draw(cloud, pose, lens_of(CAMERA), 3, antialias=True)


@needs_gsplat
def test_trainers_result_is_independent_of_the_rasterizer(on_cpu):
    params = FitParams(side_px=48, iterations=80, max_seconds=1e6, gaussians=300, degree=1, holdout=6)
    ours = fit(params, photos(side_px=48), sparse()).report
    theirs = trainer.fit(params, on_cpu, photos(side_px=48), sparse(), Hooks()).report
    assert (ours.engine, theirs.engine, theirs.iterations) == ("cpu", "gsplat", ours.iterations)
    assert theirs.psnr_db == pytest.approx(ours.psnr_db, abs=0.3)
    assert theirs.alpha_iou == pytest.approx(ours.alpha_iou, abs=0.01)


def test_missing_library_error_names_the_extra_and_the_setting(monkeypatch):
    monkeypatch.setattr("pipeline.splatting.raster.gsplat.find_spec", lambda name: None)
    with pytest.raises(MissingEngine, match=r"catalog-pipeline\[gsplat\].*engine to cpu"):
        GsplatRasterizer()


def test_missing_cuda_is_an_error(monkeypatch):
    monkeypatch.setattr("pipeline.splatting.raster.gsplat.find_spec", lambda name: object())
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(MissingEngine, match="requires CUDA"):
        GsplatRasterizer()


@needs_gsplat
@pytest.mark.parametrize(
    ("backend", "message"), [(SimpleNamespace(_C=None), "CUDA toolkit"), (None, "kernels cannot be built")]
)
def test_missing_kernels_error_gives_the_reason(monkeypatch, backend, message):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setitem(sys.modules, "gsplat.cuda._backend", backend)
    with pytest.raises(MissingEngine, match=message):
        GsplatRasterizer()


def big_scene(seed):
    values = scene(seed, n=4000, spread=0.7, log_scale=(-4.0, -2.2))
    return values, Camera(width_px=320, height_px=240, fx_px=400, fy_px=400, cx_px=150, cy_px=125)


@pytest.mark.gpu
@needs_cuda
@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_cuda_rasterizer_agrees_with_the_cpus(seed, antialias):
    values, camera = big_scene(seed)
    pose = look_at(40.0 * seed, 15.0, 4.0)
    cpu, slow, _ = drawn(CpuRasterizer(), values, pose, 3, antialias, camera)
    cuda, fast, _ = drawn(GsplatRasterizer(), values, pose, 3, antialias, camera)
    assert cuda.shape == (5, camera.height_px, camera.width_px)
    assert_same_picture(cuda, cpu)
    assert_same_gradients(fast, slow)


@pytest.mark.gpu
@needs_cuda
def test_cloud_on_the_gpu_gives_a_picture_on_the_gpu():
    cloud = {name: value.detach().cuda() for name, value in cloud_of(scene(1)).items()}
    picture = GsplatRasterizer().draw(cloud, torch.from_numpy(look_at(0, 0, 4.0)), lens_of(CAMERA), 3, antialias=True)
    assert picture.is_cuda and picture.shape == (5, HEIGHT, WIDTH) and picture[3].max() > 0.5
