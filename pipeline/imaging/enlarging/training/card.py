"""Writes the finished network, and its model card with the figures on photographs that training never saw."""

import math
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.torch import save_file

from pipeline.core.arrays import Rgb
from pipeline.core.domain import Frozen
from pipeline.imaging.enlarging.embedded import load_network
from pipeline.imaging.enlarging.network import Enlarger
from pipeline.imaging.enlarging.product import lanczos, shrunk
from pipeline.imaging.enlarging.tiles import in_tiles
from pipeline.imaging.enlarging.training.data import LONG_SIDES_PX, listed, read_photographs, sharp

MARGIN_PX = 16  # of a picture, which does not count
FACTORS = (2, 4)


class Figures(Frozen):
    """PSNR in dB of one photograph, shrunk and enlarged again: by Lanczos resampling, and by the network."""

    file: str
    factor: int
    lanczos_db: float
    network_db: float


def save_network(folder: Path, net: Enlarger, made: dict[str, str]) -> None:
    """Write the network in half precision, as `load_network` reads it; `made`: how it was trained, for the card."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"x{net.factor}.safetensors"
    weights = {name: weight.half().contiguous() for name, weight in net.state_dict().items()}
    save_file(weights, path, metadata={"license": "apache-2.0", **made})
    path.chmod(0o644)


def figures_of(net: Enlarger, file: str, photograph: Rgb) -> Figures:
    """The figures of one photograph [h, w, 3]."""
    picture = sharp(photograph, LONG_SIDES_PX[0])
    h, w = (size // 4 * 4 for size in picture.shape[:2])
    truth, factor = picture[:h, :w], net.factor
    small = shrunk(truth, factor)
    made = in_tiles(small, np.ones(small.shape[:2], bool), net, factor, net.reach_px)
    return Figures(
        file=file,
        factor=factor,
        lanczos_db=round(psnr_db(lanczos(small, factor), truth), 2),
        network_db=round(psnr_db(made, truth), 2),
    )


def psnr_db(picture: Rgb, truth: Rgb) -> float:
    """Peak signal-to-noise ratio of sRGB pictures [h, w, 3] in dB, without their margins."""
    inner = slice(MARGIN_PX, -MARGIN_PX), slice(MARGIN_PX, -MARGIN_PX)
    error = np.square(picture[inner].astype(np.float64) - truth[inner]).mean()
    return 10 * math.log10(255**2 / max(float(error), 1e-9))


def write_card(folder: Path, photos: Path) -> None:
    """Write `folder`/README.md in the format of model hubs, about the networks there are; their figures on `photos`."""
    nets = [load_network(path) for path in sorted(folder.glob("x*.safetensors"))]
    tested = list(zip(listed("test"), read_photographs(photos, "test"), strict=True))
    figures = [figures_of(net, entry.file, photograph) for net in nets for entry, photograph in tested]
    text = f"""---
license: apache-2.0
library_name: pytorch
pipeline_tag: image-to-image
---
# Enlarger, for product photographs

Enlarges an sRGB picture, by a network for each factor: a linear filter of 5 x 5 pixels, residual 3 x 3 convolutions
beside it, and a pixel shuffle (`network.py`). Trained for fidelity alone: the root of the mean square deviation from
the photograph, nothing that rewards looking sharp.

{chr(10).join(_made(folder, net) for net in nets)}
- **Command**: `python -m pipeline.imaging.enlarging.training.train --photos DIR --out DIR --factor N --minutes M`, and
  `--start x2.safetensors` where a network began at another one
- **Data for training**: crops of these photographs, whose packages bring them, and of a part of each with random print
  drawn over it. Digests in `training/photographs.yaml`.
{_photographs("training")}
- **Data for the figures**, never seen in training:
{_photographs("test")}
- **Limits**: it sharpens what the picture resolves, and adds no detail that is not in it. Noise and the traces of JPEG
  are sharpened too. The figures hold for pictures that were shrunk by means of squares in linear light; how much a
  photograph's own pixels gain, which a lens and a Bayer filter have softened, cannot be measured this way.

PSNR in dB of photographs that were shrunk and enlarged again:

| photograph | factor | Lanczos | network | gain |
|---|---|---|---|---|
{chr(10).join(_row(each) for each in figures)}
"""
    (folder / "README.md").write_text(text, encoding="utf-8")
    (folder / "README.md").chmod(0o644)


def made_of(path: Path) -> str:
    """In words how the network in a file was trained, and the one at which it began."""
    with safe_open(path, "np") as file:
        made = file.metadata()
    own = f"{made['minutes']} CPU minutes, {made['steps']} steps, {made['date']}"
    return f"{own}, begun at a network of {made['start']}" if "start" in made else own


def _made(folder: Path, net: Enlarger) -> str:
    """A line on a network: its size, and how it was trained."""
    path = folder / f"x{net.factor}.safetensors"
    parameters = sum(weight.numel() for weight in net.parameters()) / 1000
    return (
        f"- **x{net.factor}**: {parameters:.0f} thousand parameters, {path.stat().st_size / 1000:.0f} kB in half "
        f"precision. Trained on one core without a GPU: {made_of(path)}."
    )


def _photographs(role: str) -> str:
    entries = (entry for entry in listed("training") + listed("test") if entry.role == role)
    return "\n".join(f"    - {entry.file} by {entry.author}, {entry.licence} ({entry.of})" for entry in entries)


def _row(each: Figures) -> str:
    gain = each.network_db - each.lanczos_db
    return f"| {each.file} | x{each.factor} | {each.lanczos_db:.2f} | {each.network_db:.2f} | {gain:+.2f} |"
