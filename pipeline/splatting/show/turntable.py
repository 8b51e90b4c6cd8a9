"""Turntable animations: one turn of a splat, seen from one elevation, starting at its front."""

import io
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from pydantic import Field

from pipeline.core.arrays import Rgba
from pipeline.core.domain import Frozen
from pipeline.core.errors import BadInput, MissingEngine
from pipeline.splatting.framing import Up, framed
from pipeline.splatting.ply import Splat
from pipeline.splatting.show.render import check_new, read_splat, render

OnFrame = Callable[[int, int, str], None]  # frames done, frames in total, azimuth


class TurnParams(Frozen):
    """The settings of a turntable animation."""

    frames: int = Field(default=48, ge=2, le=720, description="pictures of one turn, evenly spaced")
    elevation_deg: float = Field(default=15.0, ge=-90, le=90, description="height of the camera above the horizon")
    size: int = Field(default=512, ge=16, le=4096, description="width and height in px")
    seconds: float = Field(default=4.0, ge=0.1, le=600, description="how long one turn takes")
    fill: float = Field(default=0.9, ge=0.05, le=1, description="share of the picture that the product fills")


WEBP_BYTES_MAX = 2 * 2**30  # of frames, which are all in memory when a WebP is written
PREVIEW = TurnParams(frames=24, size=256, seconds=3.0)  # for the splat stage: one second on one core, about 200 kB


def turn(splat: Splat, params: TurnParams, up: Up = "z", on_frame: OnFrame | None = None) -> Iterator[Rgba]:
    """Yield the frames [size, size, 4] uint8, sRGB with straight alpha, in order of azimuth from the front.

    All frames share one centre and one distance, so that the product only rotates.
    """
    for index in range(params.frames):
        azimuth_deg = 360.0 * index / params.frames
        camera, pose = framed(splat, azimuth_deg, params.elevation_deg, params.size, fill=params.fill, up=up)
        yield render(splat, camera, pose).rgba
        if on_frame:
            on_frame(index + 1, params.frames, f"{azimuth_deg:.0f}°")


def webp(frames: Iterator[Rgba], seconds: float) -> bytes:
    """Encode an endless animated WebP with transparency that turns once in `seconds`; deterministic."""
    pictures = [Image.fromarray(frame) for frame in frames]
    ends_ms = np.rint(np.linspace(0, seconds * 1000, len(pictures) + 1)).astype(int)
    out = io.BytesIO()
    pictures[0].save(
        out, "WEBP", save_all=True, append_images=pictures[1:], duration=np.diff(ends_ms).tolist(), loop=0, quality=85,
        method=4,
    )  # fmt: skip
    return out.getvalue()


def mp4(frames: Iterator[Rgba], seconds: float, count: int) -> bytes:
    """Encode an MP4 of `count` frames over white, because video has no transparency.

    The codec is VP9, which OpenCV's wheels can write. Raises MissingEngine if this build of OpenCV cannot.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "turn.mp4"
        video: cv2.VideoWriter | None = None
        for frame in frames:
            if video is None:
                code = cv2.VideoWriter.fourcc(*"vp09")
                video = cv2.VideoWriter(str(path), code, count / seconds, (frame.shape[1], frame.shape[0]))
                if not video.isOpened():
                    raise MissingEngine("this build of OpenCV cannot write VP9 video", remedy="Write a .webp instead")
            alpha = frame[..., 3:].astype(np.float32) / 255
            over = frame[..., :3] * alpha + 255 * (1 - alpha)
            video.write(cv2.cvtColor((over + 0.5).astype(np.uint8), cv2.COLOR_RGB2BGR))
        if video is not None:
            video.release()
        return path.read_bytes()


def turn_to_file(ply: Path, out: Path, params: TurnParams, up: Up = "z", on_frame: OnFrame | None = None) -> Splat:
    """Write the animation of the splat in `ply` to `out`, .webp or .mp4, as `catalog turntable` does.

    `up` as in `framed`. Returns the splat. Raises BadInput if `out` exists or has another ending, if a WebP would be
    too large or a video has an odd size, and if `ply` is not a splat.
    """
    check_new(out)
    kind = out.suffix.lower()
    if kind not in {".webp", ".mp4"}:
        raise BadInput(f"{out}: {out.suffix!r} is not an animation format", remedy="Choose .webp or .mp4")
    if kind == ".webp" and 4 * params.size**2 * params.frames > WEBP_BYTES_MAX:
        raise BadInput(
            f"{params.frames} frames of {params.size} px are too many for a WebP",
            remedy="Write fewer frames, or an .mp4",
        )
    if kind == ".mp4" and params.size % 2:
        raise BadInput(
            f"a video cannot be {params.size} px wide: its codec requires an even size",
            remedy=f"Choose {params.size + 1} px, or a .webp",
        )
    splat = read_splat(ply)
    frames = turn(splat, params, up, on_frame)
    if kind == ".webp":
        out.write_bytes(webp(frames, params.seconds))
    else:
        out.write_bytes(mp4(frames, params.seconds, params.frames))
    return splat
