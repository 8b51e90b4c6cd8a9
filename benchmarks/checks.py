"""Measures detection and false alarms of the checks: 60 planted faults of each of 5 kinds, and 300 clean assets.

    python -m benchmarks.checks [--each 60] [--clean 300]

Products, colours and backdrops are random with a fixed seed. The faults come from `tests/imaging/checks/faults.py`,
which shares no code with the checks, and are planted only in the encoded file. Prints a Markdown table. `--mattes` does
the same for faults of a matte that only the other photos reveal, on the samples' photos and true mattes, with a
silhouette as blurred and displaced as that of a splat fitted at 384 px.
"""

import argparse
import time
from collections import Counter
from pathlib import Path

import cv2
import numpy as np

from pipeline.core.linear import linear_to_srgb
from pipeline.core.measured import SilhouetteAgreement
from pipeline.core.photo.decode import decode_photo
from pipeline.imaging.channels.channel import load_channel
from pipeline.imaging.channels.encode import decode_image, encode_8bit, srgb_profile
from pipeline.imaging.channels.marking import xmp_packet
from pipeline.imaging.checks.evidence import Evidence
from pipeline.imaging.checks.judge import check_asset, judge
from pipeline.imaging.checks.silhouette import check_silhouette
from pipeline.imaging.compositing.blend import make_layers
from pipeline.imaging.compositing.framing import Box
from pipeline.imaging.cutout.base import with_matte
from pipeline.imaging.silhouette.correct import correct
from pipeline.imaging.silhouette.evidence import Disagreement, RenderedSplat
from tests.imaging.checks import faults
from tests.imaging.products import make_product
from tests.imaging.silhouette import matte_faults

MARKING = "compositeCapture"
FRAME = {"width_px": 400, "height_px": 400, "long_side_at_least_px": 400}
AMAZON = load_channel("amazon_main").model_copy(update=FRAME)
GOOGLE = load_channel("google").model_copy(update=FRAME)
KINDS = {
    "mask 2 px wide": (faults.wide_mask, "outline_growth"),
    "colour cast dE 3": (faults.colour_cast, "product_colour_p95"),
    "label shifted 3 px": (faults.shifted_label, "product_colour_worst"),
    "white at 250": (faults.grey_white, "white_background"),
    "blur sigma 1.5": (faults.blurred, "sharpness"),
}


def draw_asset(seed: int, white: bool) -> Evidence:
    """A clean asset: a product of random colour and texture on a random backdrop, or on Amazon's white if `white`."""
    rng = np.random.default_rng([seed, 11])
    height, width = (int(v) for v in rng.integers(320, 420, 2))
    base = tuple(int(v) for v in rng.integers(18, 240, 3))
    if rng.random() < 0.2:
        base = (int(rng.integers(15, 245)),) * 3  # white, grey and black goods, the most common
    picture = make_product(height, width, seed=seed, base=base)
    channel = AMAZON if white else GOOGLE
    layers = make_layers(picture, _backdrop(rng, white, base), channel, "solid" if white else "diffusion")
    image = linear_to_srgb(layers.blended())
    file = encode_8bit(image, channel, xmp_packet(MARKING))
    return Evidence(
        picture=picture,
        placement=layers.placement,
        behind=layers.behind,
        image=image,
        file=file,
        decoded=decode_image(file, "asset"),
        channel=channel,
        kind="solid" if white else "diffusion",
        source="captured",
        marking=MARKING,
    )


def plant(evidence: Evidence, kind: str, seed: int) -> Evidence:
    """The same asset with a fault planted in its file."""
    rng = np.random.default_rng([seed, 12])
    options = {"box": _label(evidence)} if kind.startswith("label") else {}
    damaged = KINDS[kind][0](evidence.image, evidence.empty, rng, **options)
    file = faults.encode_jpeg(damaged, srgb_profile(), xmp_packet(MARKING))
    return Evidence(**{**_fields(evidence), "file": file, "decoded": decode_image(file, "asset")})


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=60)
    parser.add_argument("--clean", type=int, default=300)
    parser.add_argument(
        "--mattes", action="store_true", help="measure faults of the matte, found by a splat's silhouette"
    )
    options = parser.parse_args()
    if options.mattes:
        plant_in_mattes(options.each, options.clean)
        return
    print("| planted fault | assets | found | by the intended check | missed |\n|---|---|---|---|---|")
    for number, (kind, (_, intended)) in enumerate(KINDS.items()):
        found = by_intended = 0
        for seed in range(options.each):
            white = kind.startswith("white") or seed % 2 == 0
            checks = check_asset(plant(draw_asset(1000 * number + seed, white), kind, seed))
            found += judge(checks)[0] == "rejected"
            by_intended += any(check.name == intended and check.passed is False for check in checks)
        print(f"| {kind} | {options.each} | {found} | {by_intended} | {options.each - found} |", flush=True)
    alarms: Counter[str] = Counter()
    wrong, seconds = 0, 0.0
    for seed in range(options.clean):
        evidence = draw_asset(90_000 + seed, seed % 2 == 0)
        started = time.process_time()
        checks = check_asset(evidence)
        seconds += time.process_time() - started
        wrong += judge(checks)[0] != "published"
        alarms.update(check.name for check in checks if check.passed is False)
    print(f"\n{options.clean} clean assets: {wrong} false alarms {dict(alarms) or ''}")
    print(f"Checks: {seconds / max(1, options.clean):.2f} CPU seconds per asset at {FRAME['width_px']} px.")


def plant_in_mattes(each: int, clean: int) -> None:
    """Print how many faults the check finds, how many are corrected, and how many clean mattes raise alarms."""
    truths = sorted(Path("examples/collection").glob("*/truth/mattes/*.png"))
    print("| planted fault | mattes | IoU | found | corrected | IoU after |\n|---|---|---|---|---|---|")
    for fault in (matte_faults.bite, matte_faults.lost_part, matte_faults.ragged_foot):
        found, ious = 0, []
        for seed in range(each):
            rng = np.random.default_rng([seed, 21])
            photo, true = _sample(truths[seed * 7 % len(truths)])
            wrong = fault(true, rng)
            done = correct(photo, with_matte(photo, wrong), _splat_of(photo, true, rng))
            found += _suspected(done.before, true)
            ious.append((_iou(wrong, true), _iou(done.rgba[..., 3], true)))
        before, after = np.mean(ious, axis=0)
        corrected = sum(after >= 0.985 for _, after in ious)
        name = fault.__name__.replace("_", " ")
        print(f"| {name} | {each} | {before:.3f} | {found} | {corrected} | {after:.3f} |", flush=True)
    wrong = changed = 0
    for seed in range(clean):
        rng = np.random.default_rng([seed, 22])
        photo, true = _sample(truths[seed * 7 % len(truths)])
        done = correct(photo, with_matte(photo, true), _splat_of(photo, true, rng))
        wrong += _suspected(done.after, true)
        changed += done.changed > 0
    print(f"\n{clean} true mattes: {wrong} false alarms, {changed} changed.")


def _sample(truth: Path) -> tuple[np.ndarray, np.ndarray]:
    """A sample's photo [h, w, 3] and true matte [h, w], 900 px on the long side."""
    photo = decode_photo((truth.parents[2] / "photos" / f"{truth.stem}.jpg").read_bytes()).rgb
    true = cv2.imread(str(truth), cv2.IMREAD_GRAYSCALE)
    factor = 900 / max(photo.shape)
    size = (round(photo.shape[1] * factor), round(photo.shape[0] * factor))
    small, matte = (cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in (photo, true))
    return small, matte


def _splat_of(photo: np.ndarray, true: np.ndarray, rng: np.random.Generator) -> RenderedSplat:
    """Imitate a splat: the product at 384 px, displaced by up to half such a pixel, enlarged again."""
    height, width = true.shape
    factor = 384 / max(true.shape)
    planes = np.dstack([photo * (true[..., None] / 255.0), true]).astype(np.float32)
    small = cv2.resize(planes, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    shift = np.hstack([np.eye(2), rng.uniform(-0.5, 0.5, (2, 1))])
    moved = cv2.warpAffine(cv2.GaussianBlur(small, (0, 0), 0.7), shift, small.shape[1::-1])
    large = cv2.resize(moved, (width, height), interpolation=cv2.INTER_LINEAR)
    colours = large[..., :3] / np.maximum(large[..., 3:] / 255, 1e-3)
    return RenderedSplat(np.clip(colours, 0, 255).astype(np.uint8), large[..., 3] / 255)


def _suspected(measured: Disagreement, true: np.ndarray) -> bool:
    record = SilhouetteAgreement(
        iou_before=1, iou=measured.iou, worst_px_before=0, worst_px=measured.worst_px, changed=0
    )
    return not all(check.passed for check in check_silhouette(record, max(true.shape)))


def _iou(alpha: np.ndarray, true: np.ndarray) -> float:
    a, b = alpha >= 128, true >= 128
    return float((a & b).sum() / (a | b).sum())


def _backdrop(rng: np.random.Generator, white: bool, base: tuple[int, ...]) -> np.ndarray:
    """White, or a plain, graded or grainy ground with contrast to the product."""
    if white:
        return np.full((420, 420, 3), 255, np.uint8)
    while True:
        colour = rng.integers(20, 245, 3)
        if np.abs(colour - np.array(base)).max() > 60:
            break
    ground = np.broadcast_to(colour.astype(float), (420, 420, 3)).copy()
    ground *= np.linspace(1, rng.uniform(0.6, 1), 420)[:, None, None]
    ground += rng.normal(0, rng.uniform(0, 8), (420, 420, 1))
    return np.clip(ground, 0, 255).astype(np.uint8)


def _label(evidence: Evidence) -> tuple[int, int, int, int]:
    """Rows and columns of the synthetic product's label, frame coordinates in px."""
    h, w = evidence.picture.shape[:2]
    box = evidence.placement.of_box(Box(w * 0.26, h * 0.38, w * 0.56, h * 0.63))
    return int(box.top), int(box.bottom), int(box.left), int(box.right)


def _fields(evidence: Evidence) -> dict[str, object]:
    names = "picture placement behind image file decoded channel kind source marking"
    return {name: getattr(evidence, name) for name in names.split()}


if __name__ == "__main__":
    main()
