"""Measures the cost of each imaging part at 1600 px, and the error of the drawn shadow against the rendered one.

    python -m benchmarks.imaging [--shoots examples/collection] [--splat-seconds 30] [--write]

Every part runs in its own process on one photo of the sample mug, 1600 x 1200 px, with the default threads of OpenCV
and torch. Seconds are the minimum of three runs after a warm-up, without imports and compilation. Memory is the peak
growth of the process during a run, with its inputs loaded. Shadow offsets and spreads are in product widths; goal: 10%.
"""

import argparse
import ctypes
import gc
import multiprocessing
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from benchmarks.imaging_shadow import HEAD, shadow_rows
from pipeline.core.domain import View
from pipeline.core.linear import linear_to_srgb
from pipeline.core.photo.decode import decode_photo
from pipeline.core.photo.limits import Limits
from pipeline.core.records import Light, load_list
from pipeline.diffusion.painting.checkpoints import EMBEDDED, EMBEDDED_FOLDER, facts_of
from pipeline.diffusion.painting.engine import PaintRequest
from pipeline.diffusion.painting.loading import load_engine
from pipeline.imaging.channels.channel import Channel, load_channel
from pipeline.imaging.channels.encode import decode_image, encode_image
from pipeline.imaging.channels.marking import digital_source_type, xmp_packet
from pipeline.imaging.checks.evidence import Evidence
from pipeline.imaging.checks.judge import check_asset
from pipeline.imaging.compositing.blend import make_layers
from pipeline.imaging.compositing.shadow import draw_shadow
from pipeline.imaging.compositing.shadow_camera import ground_of
from pipeline.imaging.cutout.base import with_matte
from pipeline.imaging.cutout.mask.matting import closed_form, foreground_colours
from pipeline.imaging.cutout.registry import ENGINES
from pipeline.plan import read_preset, step_params

RECORD = Path(__file__).with_name("IMAGING.md")
SIDE_PX, RUNS = 1600, 3
BEGIN, END = "<!-- measured -->", "<!-- end -->"
Part = Callable[[], object]


def _photo(shoot: Path) -> tuple[np.ndarray, np.ndarray, View]:
    """The first photo at 1600 px, its true matte, and its view."""
    view = load_list(View, (shoot / "truth" / "views.json").read_bytes())[0]
    rgb = decode_photo((shoot / "photos" / view.photo).read_bytes(), Limits(max_side_px=SIDE_PX)).rgb
    matte = cv2.imread(str(shoot / "truth" / "mattes" / f"{Path(view.photo).stem}.png"), cv2.IMREAD_GRAYSCALE)
    return rgb, cv2.resize(matte, rgb.shape[1::-1], interpolation=cv2.INTER_AREA), view


def _square(channel: str, **changes: object) -> Channel:
    return load_channel(channel).model_copy(
        update={"width_px": SIDE_PX, "height_px": SIDE_PX, "upscale_at_most": 4.0, **changes}
    )


def parts(shoot: Path) -> dict[str, Part]:
    """The measured calls by name; their inputs are prepared."""
    rgb, matte, view = _photo(shoot)
    cutout = step_params("cutout", read_preset("standard").get("cutout", {})).matte
    ring = cv2.dilate(matte, np.ones((15, 15), np.uint8)) != cv2.erode(matte, np.ones((15, 15), np.uint8))
    trimap = np.where(ring, 128, np.where(matte > 127, 255, 0)).astype(np.uint8)
    picture, ground = with_matte(rgb, matte), ground_of(view, rgb.shape[1])
    paper = np.full((SIDE_PX, SIDE_PX, 3), (214, 208, 199), np.uint8)
    shop = _square("shopify")
    layers = make_layers(picture, paper, shop, "solid", ground=ground)
    finished, alpha = layers.blended(), layers.product.alpha_in_frame(SIDE_PX, SIDE_PX)
    marking, in_frame = digital_source_type("captured", "solid"), ground and ground.moved(layers.placement.matrix)
    file = encode_image(finished, shop, xmp_packet(marking))
    evidence = Evidence(
        picture=picture, placement=layers.placement, behind=layers.behind, image=linear_to_srgb(finished), file=file,
        decoded=decode_image(file, "shop"), channel=shop, kind="solid", source="captured", marking=marking,
    )  # fmt: skip
    return {
        "cut-out, whole": lambda: with_matte(rgb, ENGINES.of(cutout).cut(rgb, cutout)),
        "closed-form matting of a 15 px band": lambda: closed_form(rgb, trimap),
        "foreground colours": lambda: foreground_colours(rgb, matte),
        "backdrop: 256 px painted, 20 steps": lambda: _paint(native=True),
        "backdrop: painted and enlarged": lambda: _paint(native=False),
        "composite, no shadow": lambda: make_layers(picture, paper, shop, "solid", shadow="none").blended(),
        "shadow": lambda: draw_shadow(alpha, 12.0, Light(), in_frame),
        **_encoders(finished, shop, xmp_packet(marking)),
        "checks of a JPEG": lambda: check_asset(evidence),
    }


def _encoders(finished: np.ndarray, shop: Channel, xmp: bytes) -> dict[str, Part]:
    archive = load_channel("archive")
    channels = {
        "JPEG, mozjpeg": shop,
        "WebP": _square("shopify", media_type="image/webp"),
        "AVIF": load_channel("web_avif"),
        "PNG, 16 bit": archive,
        "TIFF, 16 bit": archive.model_copy(update={"media_type": "image/tiff"}),
    }
    return {f"encode {name}": partial(encode_image, finished, channel, xmp) for name, channel in channels.items()}


def _paint(native: bool) -> object:
    facts, side_px = facts_of(EMBEDDED_FOLDER), 256 if native else SIDE_PX
    request = PaintRequest(
        "light marble counter, morning light", side_px, side_px, 1, strength=facts.strength, guidance=facts.guidance
    )
    return load_engine(EMBEDDED).paint(request)


def _measured(part: Part) -> tuple[float, float]:
    """Minimum seconds over `RUNS` runs after a warm-up, and the peak growth of the process in MB."""
    part()
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # return freed memory, or the next run would appear to need none
    Path("/proc/self/clear_refs").write_text("5")  # Linux: resets the peak to the current size
    before_kb, seconds = _status_kb("VmRSS"), []
    for _ in range(RUNS):
        began = time.perf_counter()
        part()
        seconds.append(time.perf_counter() - began)
    return min(seconds), (_status_kb("VmHWM") - before_kb) / 1024


def _status_kb(name: str) -> int:
    """A value of /proc/self/status in KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def _alone(shoot: Path, name: str) -> tuple[float, float]:
    return _measured(parts(shoot)[name])


def cost_table(shoot: Path) -> str:
    """Markdown table of seconds and memory per part, each measured in its own process."""
    rows = ["| part | seconds | MB |", "|---|---|---|"]
    for name in parts(shoot):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            seconds, grown_mb = pool.apply(_alone, (shoot, name))
        rows.append(f"| {name} | {seconds:.2f} | {grown_mb:.0f} |")
        print(rows[-1], flush=True)
    return "\n".join(rows)


def main() -> None:
    """Measure and print; with --write, record the tables in IMAGING.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shoots", type=Path, default=Path("examples/collection"))
    parser.add_argument("--splat-seconds", type=float, default=30.0)
    parser.add_argument("--write", action="store_true", help="record the tables in benchmarks/IMAGING.md")
    options = parser.parse_args()
    shoots = sorted(path.parent for path in options.shoots.glob("*/truth"))
    cost = cost_table(shoots[0])
    shadows = "\n".join([HEAD, *(row for shoot in shoots for row in shadow_rows(shoot, options.splat_seconds))])
    print(shadows)
    if options.write:
        before, after = RECORD.read_text().split(BEGIN)
        when = f"{datetime.now(UTC):%Y-%m-%d}, {multiprocessing.cpu_count()} cores."
        text = "\n\n".join([BEGIN, when, cost, shadows, END])
        RECORD.write_text(before + text + after.split(END)[1])


if __name__ == "__main__":
    main()
