"""Runs a network over a picture in tiles, on one thread, so that the same picture always gives the same pixels."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch

from pipeline.core.arrays import F32, Mask, Rgb

TILE_PX = 128  # of the small picture; its features then fit into a core's cache
Network = Callable[[torch.Tensor], torch.Tensor]


def in_tiles(
    picture: Rgb, where: Mask, net: Network, scale: int, reach_px: int, *, device: str = "cpu", tile_px: int = TILE_PX
) -> Rgb:
    """The picture [h, w, 3] enlarged by a network of this scale; tiles without a pixel of `where` stay black.

    `net` maps sRGB [1, 3, h, w], 0 to 1, to [1, 3, scale * h, scale * w]. An output pixel depends on the input no
    farther away than `reach_px`; by so much each tile is larger than what is kept of it. Beyond the picture, its edge
    is repeated.
    """
    h, w = picture.shape[:2]
    padded = np.pad(picture, ((reach_px, reach_px), (reach_px, reach_px), (0, 0)), mode="edge")
    out = np.zeros((scale * h, scale * w, 3), np.uint8)
    with one_thread(), torch.inference_mode():
        for top in range(0, h, tile_px):
            for left in range(0, w, tile_px):
                bottom, right = min(h, top + tile_px), min(w, left + tile_px)
                if not where[top:bottom, left:right].any():
                    continue
                tile = padded[top : bottom + 2 * reach_px, left : right + 2 * reach_px]
                made = _run(net, tile, device)[reach_px * scale :, reach_px * scale :]
                kept = made[: (bottom - top) * scale, : (right - left) * scale]
                out[top * scale : bottom * scale, left * scale : right * scale] = np.rint(kept * 255)
    return out


def _run(net: Network, tile: Rgb, device: str) -> F32:
    pixels = torch.from_numpy(np.ascontiguousarray(tile.transpose(2, 0, 1))[None]).to(device).float() / 255
    made = net(pixels.contiguous(memory_format=torch.channels_last))
    return np.asarray(made[0].clamp(0, 1).permute(1, 2, 0).float().cpu().numpy())


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep torch to one thread: sums then have one order, and a pod keeps to its cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
