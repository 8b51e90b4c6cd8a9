"""Writes the finished network, and its model card with the figures on photographs that training never saw."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from safetensors.torch import save_file

from pipeline.core.arrays import Rgb
from pipeline.core.domain import Frozen
from pipeline.imaging.enlarging.network import REACH_PX, Doubler
from pipeline.imaging.enlarging.product import lanczos, shrunk
from pipeline.imaging.enlarging.tiles import in_tiles
from pipeline.imaging.enlarging.training.data import listed

MARGIN_PX = 16  # of a picture, which does not count
FACTORS = (2, 4)


class Figures(Frozen):
    """PSNR in dB of one photograph, shrunk and enlarged again: by Lanczos resampling, and by the network."""

    file: str
    factor: int
    lanczos_db: float
    network_db: float


def save_network(folder: Path, net: Doubler, width: int, blocks: int) -> None:
    """Write `config.json` and `model.safetensors` in half precision, as `load_network` reads them."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"width": width, "blocks": blocks}) + "\n", encoding="utf-8")
    weights = {name: weight.half().contiguous() for name, weight in net.state_dict().items()}
    save_file(weights, folder / "model.safetensors", metadata={"license": "apache-2.0"})
    (folder / "model.safetensors").chmod(0o644)


def figures_of(net: Doubler, file: str, photograph: Rgb) -> list[Figures]:
    """The figures of one photograph [h, w, 3] at each factor."""
    h, w = (size // 4 * 4 for size in photograph.shape[:2])
    truth, rows = photograph[:h, :w], []
    for factor in FACTORS:
        small = made = shrunk(truth, factor)
        while made.shape[0] < h:
            made = in_tiles(made, np.ones(made.shape[:2], bool), net, 2, REACH_PX)
        rows.append(
            Figures(
                file=file,
                factor=factor,
                lanczos_db=round(psnr_db(lanczos(small, factor), truth), 2),
                network_db=round(psnr_db(made, truth), 2),
            )
        )
    return rows


def psnr_db(picture: Rgb, truth: Rgb) -> float:
    """Peak signal-to-noise ratio of sRGB pictures [h, w, 3] in dB, without their margins."""
    inner = slice(MARGIN_PX, -MARGIN_PX), slice(MARGIN_PX, -MARGIN_PX)
    error = np.square(picture[inner].astype(np.float64) - truth[inner]).mean()
    return 10 * math.log10(255**2 / max(float(error), 1e-9))


def write_card(
    folder: Path,
    figures: list[Figures],
    net: Doubler,
    *,
    planned: float,
    spent: float,
    steps: int,
    today: datetime | None = None,
) -> None:
    """Write `folder`/README.md in the format of model hubs. `planned`, `spent`: CPU minutes."""
    day = (today or datetime.now(UTC)).date().isoformat()
    parameters = sum(weight.numel() for weight in net.parameters())
    size = (folder / "model.safetensors").stat().st_size / 1000
    text = f"""---
license: apache-2.0
library_name: pytorch
pipeline_tag: image-to-image
---
# Doubler, for product photographs

Doubles the size of an sRGB picture: {parameters / 1000:.0f} thousand parameters ({size:.0f} kB in half precision),
residual 3 x 3 convolutions, a pixel shuffle, and cubic interpolation beside them (`network.py`). For a fourfold size
it is applied twice. Trained for fidelity alone: the mean absolute deviation from the photograph, nothing that rewards
looking sharp.

- **Data for training**: crops of these photographs, whose packages bring them, and random print drawn over a fifth of
  the crops. Digests in `training/photographs.yaml`.
{_photographs("training")}
- **Data for the figures**, never seen in training:
{_photographs("test")}
- **Command**: `python -m pipeline.imaging.enlarging.training.train --photos DIR --out DIR --minutes {planned:g}`
- **Date**: {day}, {spent:.1f} CPU minutes on one core, {steps} steps; no GPU{_cut_short(planned, spent)}
- **Limits**: it sharpens what the picture resolves, and adds no detail that is not in it. Noise and the traces of JPEG
  are sharpened too. The figures hold for pictures that were shrunk by means of squares in linear light; how much a
  photograph's own pixels gain, which a lens and a Bayer filter have softened, cannot be measured this way.

PSNR in dB of photographs that were shrunk and enlarged again:

| photograph | factor | Lanczos | network | gain |
|---|---|---|---|---|
{_rows(figures)}
"""
    (folder / "README.md").write_text(text, encoding="utf-8")
    (folder / "README.md").chmod(0o644)


def _cut_short(planned: float, spent: float) -> str:
    """What a run means that was stopped before its learning rate had come down."""
    return "" if spent > 0.99 * planned else f". Stopped early: the schedule plans {planned:g} minutes"


def _photographs(role: str) -> str:
    entries = (entry for entry in listed("training") + listed("test") if entry.role == role)
    return "\n".join(f"    - {entry.file} by {entry.author}, {entry.licence} ({entry.of})" for entry in entries)


def _rows(figures: list[Figures]) -> str:
    return "\n".join(
        f"| {each.file} | x{each.factor} | {each.lanczos_db:.2f} | {each.network_db:.2f} | "
        f"{each.network_db - each.lanczos_db:+.2f} |"
        for each in figures
    )
