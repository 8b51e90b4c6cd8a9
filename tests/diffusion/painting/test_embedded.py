"""The shipped checkpoint: complete, small, readable by every user, and consistent with its facts file."""

import stat

import numpy as np
import pytest

from pipeline.diffusion.painting.checkpoints import EMBEDDED, EMBEDDED_FOLDER, facts_of
from pipeline.diffusion.painting.engine import PaintRequest
from pipeline.diffusion.painting.loading import load_engine


def test_embedded_checkpoint_is_small_readable_and_has_a_card():
    files = [path for path in EMBEDDED_FOLDER.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 25e6
    assert {path.suffix for path in files} <= {".json", ".safetensors", ".md"}  # the endings listed as package data
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o444 == 0o444 for path in files)
    card = (EMBEDDED_FOLDER / "README.md").read_text()
    assert all(f"**{part}**" in card for part in ("Data", "Command", "Date", "Training figures", "Limits"))


@pytest.mark.parametrize(
    ("prompt", "colour"),
    [
        ("warm oak wood table, soft light from the left", (182, 144, 102)),
        ("light marble kitchen counter, morning light", (222, 222, 220)),
    ],
)
def test_sample_prompts_give_their_floor_its_colour_and_the_set_its_light(prompt, colour):
    facts = facts_of(EMBEDDED_FOLDER)
    request = PaintRequest(
        prompt=prompt, width_px=96, height_px=96, seed=1, strength=facts.strength, guidance=facts.guidance
    )
    painted = load_engine(EMBEDDED).paint(request)
    assert painted.start == "scene"
    floor, wall = (painted.rgb[rows].reshape(-1, 3).mean(0) for rows in (slice(64, None), slice(30)))
    assert np.abs(floor - colour).max() < 25
    assert np.ptp(wall) < np.ptp(floor) + 5, "the wall is calmer than what stands in front of it"
    if "left" in prompt:
        assert painted.rgb[:, :32].mean() > painted.rgb[:, -32:].mean() + 5
