"""Families of production checkpoints, each with random weights made by the test."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from pipeline.core.errors import BadInput, MissingEngine
from pipeline.core.weights import weight_bytes
from pipeline.diffusion.painting import placing
from pipeline.diffusion.painting.checkpoints import checkpoint_digest, folder_of
from pipeline.diffusion.painting.engine import PaintRequest
from pipeline.diffusion.painting.families import FAMILIES
from pipeline.diffusion.painting.loading import load_engine
from pipeline.diffusion.painting.placing import place, reporting_out_of_memory
from tests.diffusion.tiny_checkpoints import save_tiny_controlnet, save_tiny_controlnet_xl, save_tiny_flux
from tests.diffusion.tiny_references import (
    save_tiny_klein,
    save_tiny_qwen_edit,
    save_tiny_z_image,
    small_megapixel,
)

REQUEST = PaintRequest(prompt="tan wood, low horizon", width_px=96, height_px=64, seed=4, steps=2, guidance=2.0)


def product(colour=(255, 0, 0)):
    picture = np.zeros((64, 96, 4), np.uint8)
    picture[20:44, 30:60] = (*colour, 255)
    return picture


SAVE = {
    "FluxFill": lambda folder: save_tiny_flux(folder, "FluxFillPipeline"),
    "FluxKontext": lambda folder: save_tiny_flux(folder, "FluxKontextPipeline"),
    "ControlNet": save_tiny_controlnet,
    "ControlNetXL": save_tiny_controlnet_xl,
    "Flux2Klein": save_tiny_klein,
    "QwenImageEdit": save_tiny_qwen_edit,
    "ZImage": save_tiny_z_image,
}


@pytest.fixture(scope="module", autouse=True)
def _small_megapixel():
    with small_megapixel():
        yield


@pytest.fixture(scope="module", params=SAVE)
def checkpoint(request, tmp_path_factory):
    return SAVE[request.param](tmp_path_factory.mktemp("production") / request.param)


@pytest.fixture(scope="module")
def flux_fill(tmp_path_factory):
    return save_tiny_flux(tmp_path_factory.mktemp("flux") / "fill", "FluxFillPipeline")


def test_every_production_family_is_reproducible_and_follows_its_request(checkpoint):
    engine = load_engine(str(checkpoint))
    asked = replace(REQUEST, product=product())
    first = engine.paint(asked)
    assert first.rgb.shape == (64, 96, 3) and first.native.shape == (64, 64, 3) and first.start == "noise"
    assert (engine.paint(asked).rgb == first.rgb).all()
    for change in ({"seed": 5}, {"prompt": "blue paper"}, {"steps": 3}, {"product": product((0, 0, 255))}):
        assert (engine.paint(replace(asked, **change)).native != first.native).any(), change
    assert engine.paint(replace(asked, strength=0.6, steps=4)).start == "scene"


def test_batch_equals_single_requests(checkpoint):
    engine = load_engine(str(checkpoint))
    asked = [replace(REQUEST, product=product(), seed=1), replace(REQUEST, product=product((0, 0, 255)), seed=2)]
    batched, singles = engine.paint_all(asked), [engine.paint(request) for request in asked]
    assert (batched[0].native != batched[1].native).any()
    for batch_item, single in zip(batched, singles, strict=True):
        assert np.abs(batch_item.rgb.astype(int) - single.rgb).mean() < 0.6
    with pytest.raises(BadInput, match="must share its prompt and its settings"):
        engine.paint_all([asked[0], replace(asked[1], steps=3)])


@pytest.mark.parametrize("scheduler", ["euler", "lcm"])
def test_flow_matching_has_its_own_schedulers(flux_fill, scheduler):
    engine = load_engine(str(flux_fill))
    painted = engine.paint(replace(REQUEST, scheduler=scheduler, steps=3)).native
    assert (engine.paint(replace(REQUEST, scheduler=scheduler, steps=3)).native == painted).all()
    with pytest.raises(BadInput, match=r"'ddim' does not suit.*euler, lcm"):
        engine.paint(replace(REQUEST, scheduler="ddim"))


def test_family_without_negative_prompts_reports_them_as_unused(flux_fill):
    painted = load_engine(str(flux_fill)).paint(replace(REQUEST, negative_prompt="blue"))
    assert painted.passed_over == ("blue",)


def test_attention_slicing_paints_the_same_picture(tmp_path):
    folder = str(save_tiny_controlnet(tmp_path / "sliced"))
    whole = load_engine(folder).paint(REQUEST).rgb
    sliced = load_engine(folder, attention_slicing=True).paint(REQUEST).rgb
    assert np.abs(whole.astype(int) - sliced).max() <= 2


def test_offloading_is_delegated_to_diffusers_and_requires_a_gpu():
    class Pipe:
        def __getattr__(self, name):
            return lambda *args, **named: calls.append((name, args, named)) or self

    calls = []
    for offload in ("model", "sequential", "none"):
        place(Pipe(), "cuda:1", offload, attention_slicing=offload == "none")
    assert calls == [
        ("enable_model_cpu_offload", (), {"device": "cuda:1"}),
        ("enable_sequential_cpu_offload", (), {"device": "cuda:1"}),
        ("enable_attention_slicing", (), {}),
        ("to", ("cuda:1",), {}),
    ]
    with pytest.raises(MissingEngine, match="the device is cpu"):
        place(Pipe(), "cpu", "model", attention_slicing=False)


def test_offloading_without_accelerate_names_the_extra(monkeypatch):
    monkeypatch.setattr(placing, "find_spec", lambda name: None)
    with pytest.raises(MissingEngine, match=r"requires accelerate.*catalog-pipeline\[gpu\]"):
        place(object(), "cuda", "model", attention_slicing=False)


def test_out_of_memory_is_one_clear_error(flux_fill, monkeypatch, tmp_path):
    import psutil
    import torch

    for error in (torch.OutOfMemoryError("CUDA out of memory. Tried 3 GiB"), MemoryError()):
        with pytest.raises(BadInput, match=r"x does not fit into memory.*offload"), reporting_out_of_memory("x"):
            raise error
    with pytest.raises(RuntimeError, match="shapes"), reporting_out_of_memory("x"):
        raise RuntimeError("shapes differ")
    copy = shutil.copytree(flux_fill, tmp_path / "copy")
    assert 50_000 < weight_bytes(copy) < 5_000_000
    monkeypatch.setattr(psutil, "virtual_memory", type("Free", (), {"available": 1000}))
    with pytest.raises(BadInput, match=r"GB of weights, but only 0.0 GB of memory are free"):
        load_engine(str(copy))


def test_every_family_exists_in_diffusers():
    import diffusers

    for name, family in FAMILIES.items():
        assert hasattr(diffusers, family.loaded_as or name)
        assert all(hasattr(diffusers, scheduler) for scheduler in family.schedulers.values())


def test_hub_checkpoint_is_read_from_the_cache_and_never_downloaded(flux_fill, tmp_path, monkeypatch):
    revision = "a" * 40
    snapshot = tmp_path / "models--studio--backdrops" / "snapshots" / revision
    snapshot.parent.mkdir(parents=True)
    shutil.copytree(flux_fill, snapshot)
    import huggingface_hub.constants as hub

    monkeypatch.setattr(hub, "HF_HUB_CACHE", str(tmp_path))
    name = f"hub:studio/backdrops@{revision}"
    assert folder_of(name) == snapshot
    assert checkpoint_digest(name) == checkpoint_digest(str(flux_fill))
    with pytest.raises(BadInput, match=r"not in this machine's hub cache. Download it first: hf download studio/o"):
        folder_of("hub:studio/others@main")
    with pytest.raises(BadInput, match="Add the revision"):
        folder_of("hub:studio/backdrops")


def test_pipeline_that_cannot_inpaint_is_refused_with_the_ones_that_can(tmp_path, flux_fill):
    wrong = shutil.copytree(flux_fill, tmp_path / "wrong")
    (wrong / "model_index.json").write_text(json.dumps({"_class_name": "FluxPipeline"}))
    with pytest.raises(BadInput, match=r"FluxPipeline.*FluxFillPipeline"):
        load_engine(str(wrong))
