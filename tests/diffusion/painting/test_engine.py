import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.core.errors import BadInput
from pipeline.diffusion.painting.checkpoints import checkpoint_digest
from pipeline.diffusion.painting.engine import PaintRequest
from pipeline.diffusion.painting.loading import load_engine
from pipeline.diffusion.scenes.scene import render_scene
from pipeline.diffusion.scenes.vocabulary import SceneSpec

REQUEST = PaintRequest(prompt="tan wood, low horizon", width_px=120, height_px=80, seed=4, steps=2)


def product(colour=(255, 0, 0)):
    picture = np.zeros((80, 120, 4), np.uint8)
    picture[20:60, 40:80] = (*colour, 255)
    return picture


def test_same_request_gives_the_same_picture_and_every_field_matters(tiny):
    engine = load_engine(str(tiny))
    request = replace(REQUEST, product=product())
    first = engine.paint(request)
    assert first.rgb.shape == (80, 120, 3)
    assert first.native.shape == (256, 256, 3)
    assert first.start == "noise"
    assert (engine.paint(request).rgb == first.rgb).all()
    for change in ({"seed": 5}, {"prompt": "blue paper"}, {"steps": 3}, {"guidance": 8.0}, {"product": None}):
        assert (engine.paint(replace(request, **change)).native != first.native).any(), change


def test_strength_below_one_starts_from_the_generated_scene(tmp_path, tiny):
    """Random weights keep most of their starting picture under velocity prediction."""
    folder = shutil.copytree(tiny, tmp_path / "velocity")
    config = folder / "scheduler" / "scheduler_config.json"
    config.write_text(config.read_text().replace('"sample"', '"v_prediction"'))
    painted = load_engine(str(folder)).paint(replace(REQUEST, strength=0.1, steps=10))
    scene, _ = render_scene(SceneSpec(material="wood", horizon="low", colour="tan"), 4, 256, 256)
    far, _ = render_scene(SceneSpec(material="paper", colour="charcoal"), 4, 256, 256)
    assert painted.start == "scene"
    assert np.abs(painted.native.astype(float) - scene).mean() < 0.5 * np.abs(painted.native.astype(float) - far).mean()


def test_closed_vocabulary_translates_the_prompt_and_reports_unused_words(tiny):
    free = "light marble kitchen counter with " + "many many words, " * 30 + "harsh light from the left"
    asked = replace(REQUEST, prompt=free, negative_prompt="blue monsters")
    painted = load_engine(str(tiny)).paint(asked)
    assert painted.prompt == "white marble, low horizon backdrop, hard light from left"
    assert painted.passed_over == ("kitchen", "many", "words", "monsters")
    assert (painted.native == load_engine(str(tiny)).paint(replace(asked, negative_prompt="blue")).native).all()


def test_open_vocabulary_reports_the_truncated_end_of_a_prompt(tmp_path, tiny):
    general = shutil.copytree(tiny, tmp_path / "general")
    (general / "backdrop.json").unlink()
    engine = load_engine(str(general))
    fits = engine.paint(replace(REQUEST, prompt="soft light from left, tan wood"))
    assert (fits.prompt, fits.passed_over) == ("soft light from left, tan wood", ())
    longer = engine.paint(replace(REQUEST, prompt="light " * 22 + "tan wood"))
    assert longer.passed_over == ("tan wood",)


@pytest.mark.slow
def test_loading_prints_nothing_and_restores_the_progress_bars(tiny):
    code = (
        f"from pipeline.diffusion.painting.loading import load_engine; load_engine({str(tiny)!r});"
        "from diffusers.utils import logging as d; from transformers.utils import logging as t;"
        "assert d.is_progress_bar_enabled() and t.is_progress_bar_enabled()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_sdxl_checkpoint_paints(tiny_xl):
    engine = load_engine(str(tiny_xl))
    first, second = (engine.paint(replace(REQUEST, product=product())) for _ in range(2))
    assert first.native.shape == (64, 64, 3)
    assert (first.rgb == second.rgb).all()
    assert (first.native != engine.paint(replace(REQUEST, product=product(), prompt="blue")).native).any()


@pytest.mark.parametrize("scheduler", ["ddim", "dpm++", "unipc", "euler", "lcm"])
def test_every_scheduler_is_reproducible(tiny, scheduler):
    engine = load_engine(str(tiny))
    first, second = (engine.paint(replace(REQUEST, steps=4, scheduler=scheduler)).native for _ in range(2))
    assert (first == second).all()


def test_product_is_removed_from_the_backdrop(tiny):
    """A general checkpoint paints the product again; its place is filled from around it."""
    from pipeline.diffusion.painting.canvas import filled_in

    picture = np.full((64, 64, 3), 90, np.uint8)
    picture[20:40, 20:40] = (255, 0, 0)
    mask = np.full((64, 64), 255, np.uint8)
    mask[18:42, 18:42] = 0
    filled = filled_in(picture, mask)
    assert np.abs(filled.astype(int) - 90).max() <= 1
    assert (filled[mask == 255] == picture[mask == 255]).all()


def test_dim_rim_is_replaced_by_the_pixels_inside_it():
    from pipeline.diffusion.painting.canvas import without_rim

    picture = np.full((32, 32, 3), 20, np.uint8)
    picture[3:-3, 3:-3] = np.linspace(100, 200, 26, dtype=np.uint8)[:, None, None]
    repaired = without_rim(picture, 3)
    assert (repaired[3:-3, 3:-3] == picture[3:-3, 3:-3]).all()
    assert (repaired[:3] == 100).all()
    assert (repaired[:, 0] == repaired[:, 16]).all()
    assert (without_rim(picture, 0) == picture).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": 0}, "steps 0"),
        ({"guidance": 99.0}, "guidance 99"),
        ({"strength": 0.0}, "strength 0"),
        ({"width_px": 9}, "width_px 9"),
        ({"steps": 2, "strength": 0.3}, "no step to run"),
    ],
)
def test_settings_out_of_range_are_named(tiny, change, words):
    with pytest.raises(BadInput, match=words):
        load_engine(str(tiny)).paint(replace(REQUEST, **change))


def test_folders_that_are_not_checkpoints_are_bad_input(tmp_path, tiny):
    with pytest.raises(BadInput, match=r"nowhere.*model_index"):
        load_engine(str(tmp_path / "nowhere"))
    wrong = shutil.copytree(tiny, tmp_path / "wrong")
    (wrong / "model_index.json").write_text(json.dumps({"_class_name": "AudioLDMPipeline"}))
    with pytest.raises(BadInput, match=r"AudioLDMPipeline.*StableDiffusionInpaintPipeline"):
        load_engine(str(wrong))
    (wrong / "model_index.json").write_text("[]")
    with pytest.raises(BadInput, match="does not name a pipeline class"):
        load_engine(str(wrong))


@pytest.mark.parametrize("part", ["unet/diffusion_pytorch_model.safetensors", "vae/config.json"])
def test_damaged_checkpoint_is_one_clear_error(tmp_path, tiny, part):
    broken = shutil.copytree(tiny, tmp_path / "broken")
    victim = broken / part
    victim.write_bytes(victim.read_bytes()[:100])
    with pytest.raises(BadInput, match=r"broken.*cannot be loaded"):
        load_engine(str(broken))


def test_what_a_checkpoint_lacks_is_named_when_planning(tmp_path, tiny):
    broken = shutil.copytree(tiny, tmp_path / "broken")
    (broken / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    shutil.rmtree(broken / "tokenizer")
    shards = {"weight_map": {"a": "model-1.safetensors", "b": "model.safetensors"}}
    (broken / "text_encoder" / "model.safetensors.index.json").write_text(json.dumps(shards))
    with pytest.raises(BadInput) as error:
        checkpoint_digest(str(broken))
    assert {"tokenizer/", "unet/*.safetensors", "text_encoder/model-1.safetensors"} == set(
        str(error.value).partition("not whole: ")[2].partition(" are missing")[0].split(", ")
    )
    (broken / "text_encoder" / "model.safetensors.index.json").write_text("[]")
    with pytest.raises(BadInput, match=r"model\.safetensors\.index\.json is damaged"):
        checkpoint_digest(str(broken))


def test_checkpoint_with_a_component_of_the_wrong_class_is_one_clear_error(tmp_path, tiny):
    mixed = shutil.copytree(tiny, tmp_path / "mixed")
    index = json.loads((mixed / "model_index.json").read_text())
    index["unet"] = ["transformers", "CLIPTextModel"]
    (mixed / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(BadInput, match=r"mixed cannot be loaded"):
        load_engine(str(mixed))


@pytest.mark.parametrize("part", ["model_index.json", "unet/diffusion_pytorch_model.safetensors"])
def test_unreadable_file_of_a_checkpoint_is_named(tmp_path, tiny, part, monkeypatch):
    """Planning digests the whole folder: a half-downloaded one must not end the nightly run."""
    broken = shutil.copytree(tiny, tmp_path / "broken")
    open_path = Path.open

    def refuse(path, *arguments, **named):
        if path == broken / part:
            raise PermissionError(13, "Permission denied", str(path))
        return open_path(path, *arguments, **named)

    monkeypatch.setattr(Path, "open", refuse)  # file modes do not stop root, who may run the tests
    with pytest.raises(BadInput, match=f"{part} cannot be read: Permission denied"):
        checkpoint_digest(str(broken))
    monkeypatch.undo()
    (broken / "vae" / "config.json").unlink()
    (broken / "vae" / "config.json").symlink_to("/nowhere/blob")
    with pytest.raises(BadInput, match=r"vae/config.json cannot be read: No such file"):
        checkpoint_digest(str(broken))


def test_digest_depends_on_the_weights_but_not_on_the_card(tmp_path, tiny):
    copy = shutil.copytree(tiny, tmp_path / "copy")
    assert checkpoint_digest(str(copy)) == checkpoint_digest(str(tiny))
    (copy / "README.md").write_text("another card")
    assert checkpoint_digest(str(copy)) == checkpoint_digest(str(tiny))
    (copy / "scheduler" / "scheduler_config.json").write_text("{}")
    assert checkpoint_digest(str(copy)) != checkpoint_digest(str(tiny))
    with pytest.raises(BadInput, match=r"planned"):
        load_engine(str(copy), digest=checkpoint_digest(str(tiny)))


def test_extension_joins_the_square_without_a_seam(tiny):
    engine = load_engine(str(tiny))
    for size in ({"width_px": 96, "height_px": 144}, {"width_px": 144, "height_px": 96}):
        painted = engine.paint(replace(REQUEST, extend=True, **size))
        assert painted.rgb.shape == (size["height_px"], size["width_px"], 3)
        assert painted.native.shape == (384, 384, 3)
        square = engine.paint(replace(REQUEST, width_px=96, height_px=96)).native
        np.testing.assert_array_equal(painted.native[64:-64, 64:-64], square)
        whole, middle = painted.rgb.astype(float), engine.paint(replace(REQUEST, width_px=96, height_px=96)).rgb
        part = whole[24:-24] if size["height_px"] > 96 else whole[:, 24:-24]
        assert np.abs(part - middle).mean() < 4, "the scene's lines stay in place"
    with pytest.raises(BadInput, match="more than twice the shorter"):
        engine.paint(replace(REQUEST, extend=True, width_px=100, height_px=300))


@pytest.mark.parametrize("tall", [True, False])
@pytest.mark.parametrize("at_end", [True, False])
def test_window_extends_the_square_and_joins_it_again(tall, at_end):
    from pipeline.diffusion.painting.canvas import joined, window

    y, x = np.mgrid[:32, :32]
    square = np.stack([100 + 3 * y, 100 + 2 * x, np.full_like(x, 90)], axis=-1).astype(np.uint8)
    moved, mask = window(square, 8, tall=tall, at_end=at_end)
    assert moved.shape == (32, 32, 3) and (mask == 255).mean() == 0.25
    known = mask == 0
    shift = {(True, True): (8, 0), (True, False): (-8, 0), (False, True): (0, 8), (False, False): (0, -8)}[tall, at_end]
    np.testing.assert_array_equal(moved[known], np.roll(square, (-shift[0], -shift[1]), axis=(0, 1))[known])
    lighter = np.clip(moved.astype(int) + 20, 0, 255).astype(np.uint8)  # a model that changes the known part
    whole = joined(square, lighter, 8, tall=tall, at_end=at_end)
    assert whole.shape == ((40, 32, 3) if tall else (32, 40, 3))
    part = whole[8 * (not at_end) :][:32] if tall else whole[:, 8 * (not at_end) :][:, :32]
    np.testing.assert_array_equal(part, square)
    along = whole if tall else whole.transpose(1, 0, 2)
    steps = np.abs(np.diff(along[..., 2].astype(int), axis=0))
    assert steps.max() <= 8, "the step of 20 fades out instead of showing at the seam"
