"""Paints backdrops with a diffusion checkpoint: the request, the result, and the adapter to diffusers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.diffusion.checkpoints import CheckpointFacts, checkpoint_digest, facts_of, folder_of, pipeline_class
from pipeline.diffusion.enlarge import enlarge, in_square
from pipeline.diffusion.quiet import quiet_loading
from pipeline.diffusion.scenes import render_scene
from pipeline.diffusion.vocabulary import MATERIALS, Reading, understand, vocabulary, words_of
from pipeline.errors import BadInput, MissingEngine

Rgb = NDArray[np.uint8]
Rgba = NDArray[np.uint8]
SchedulerName = Literal["checkpoint", "ddim", "dpm++", "unipc", "euler"]
SCHEDULERS: dict[SchedulerName, str] = {
    "ddim": "DDIMScheduler",
    "dpm++": "DPMSolverMultistepScheduler",
    "unipc": "UniPCMultistepScheduler",
    "euler": "EulerDiscreteScheduler",
}
AROUND_PX = 4  # the mask keeps this far from the product at native resolution: the autoencoder's latents are 8 px wide


@dataclass(frozen=True)
class BackdropRequest:
    """A backdrop to paint.

    `product`: straight-alpha sRGB uint8 [h, w, 4] of the picture that will stand before it, or None for an empty set;
    only the model sees it, and only where the checkpoint leaves the product in its place is that place filled
    afterwards. `strength` 1 starts from noise; below 1 from a generated scene of the prompt's material, closer to it
    the smaller. `guidance` is the classifier-free guidance scale, 1 for none. The result has width_px x height_px.
    """

    prompt: str
    width_px: int
    height_px: int
    seed: int
    product: Rgba | None = None
    negative_prompt: str = ""
    steps: int = 20
    guidance: float = 3.0
    strength: float = 1.0
    scheduler: SchedulerName = "checkpoint"


@dataclass(frozen=True)
class PaintedBackdrop:
    """A painted backdrop, sRGB uint8: `rgb` at the asked size, `native` as the model painted it (a square).

    `start`: what the diffusion started from, for the lineage. `prompt`: the words that the model was asked with, which
    are a translation where its vocabulary is closed. `passed_over`: words of the request that had no part in it.
    """

    rgb: Rgb
    native: Rgb
    start: Literal["noise", "scene"]
    prompt: str
    passed_over: tuple[str, ...]


class _Words(NamedTuple):
    prompt: str
    negative: str
    passed_over: tuple[str, ...]


class BackdropEngine(Protocol):
    """Whatever paints backdrops; `digest` identifies its weights in params and lineage."""

    digest: str

    def paint(self, request: BackdropRequest) -> PaintedBackdrop:
        """Paint one backdrop; the same request gives the same pixels on the same machine."""
        ...


@dataclass(frozen=True)
class DiffusersEngine:
    """A `BackdropEngine` on any supported inpainting checkpoint folder. Build it with `load_engine`."""

    pipe: Any
    digest: str
    native_px: int
    facts: CheckpointFacts

    def paint(self, request: BackdropRequest) -> PaintedBackdrop:
        """See `BackdropRequest`. Raises BadInput when a number of the request is out of range."""
        _check(request)
        start: Literal["noise", "scene"] = "noise" if request.strength >= 1 else "scene"
        reading = understand(request.prompt)
        scene = (
            render_scene(reading.spec, request.seed, self.native_px, self.native_px)[0] if start == "scene" else None
        )
        words = self._words(request, reading)
        picture, mask = self._canvas(request.product, scene)
        native = self._run(request, words, picture, mask)
        if not self.facts.paints_behind_product:
            native = _filled(native, mask)
        detail = reading.spec if self.facts.closed_vocabulary or _names_material(request.prompt) else None
        rgb = enlarge(native, request.width_px, request.height_px, detail, request.seed, self.facts.resolves_px)
        return PaintedBackdrop(rgb, native, start, words.prompt, words.passed_over)

    def _words(self, request: BackdropRequest, reading: Reading) -> _Words:
        """What this checkpoint is asked with: its own vocabulary, or the request's words as far as it can read them."""
        if self.facts.closed_vocabulary:
            known = [word for word in words_of(request.negative_prompt) if word in vocabulary()]
            unknown = [word for word in words_of(request.negative_prompt) if word not in known]
            return _Words(reading.prompt, " ".join(dict.fromkeys(known)), (*reading.passed_over, *unknown))
        asked = (request.prompt, request.negative_prompt)
        return _Words(*asked, tuple(text for prompt in asked for text in _beyond(self.pipe.tokenizer, prompt)))

    def _canvas(self, product: Rgba | None, scene: Rgb | None) -> tuple[Rgb, NDArray[np.uint8]]:
        """What the pipeline starts from, and its mask (255 where it paints), both squares of the native size.

        A scene stays empty: a product encoded into the starting latents would bleed into the backdrop around it.
        """
        n = self.native_px
        base = np.full((n, n, 3), 127, np.uint8) if scene is None else scene
        if product is None:
            return base, np.full((n, n), 255, np.uint8)
        small = in_square(product, n, fill=0)
        mask = np.where(small[:, :, 3] > 0, 0, 255).astype(np.uint8)
        mask = np.asarray(cv2.erode(mask, np.ones((2 * AROUND_PX + 1, 2 * AROUND_PX + 1), np.uint8)), np.uint8)
        if scene is not None and self.facts.paints_behind_product:
            return base, mask
        alpha = small[:, :, 3:].astype(np.float32) / 255
        return np.round(small[:, :, :3] * alpha + base * (1 - alpha)).astype(np.uint8), mask

    def _run(self, request: BackdropRequest, words: _Words, picture: Rgb, mask: NDArray[np.uint8]) -> Rgb:
        import torch
        from PIL import Image

        pipe = self.pipe
        pipe.scheduler = _scheduler(pipe.scheduler, request.scheduler)
        painted = pipe(
            prompt=words.prompt,
            negative_prompt=words.negative,
            image=Image.fromarray(picture),
            mask_image=Image.fromarray(mask),
            width=self.native_px,
            height=self.native_px,
            num_inference_steps=request.steps,
            guidance_scale=request.guidance,
            strength=min(1.0, request.strength),
            generator=torch.Generator("cpu").manual_seed(request.seed),
            output_type="np",
        ).images[0]
        if not np.isfinite(painted).all():
            raise BadInput(
                f"the checkpoint painted no picture for seed {request.seed} (values that are no numbers)",
                remedy="use dtype float32 or another scheduler",
            )
        return _evened(np.round(np.clip(painted, 0, 1) * 255).astype(np.uint8), self.facts.dim_rim_px)


def load_engine(
    checkpoint: str, *, digest: str | None = None, device: str = "cpu", dtype: str = "float32"
) -> DiffusersEngine:
    """The engine for `embedded` or a checkpoint folder; loaded once a process.

    Raises:
        BadInput: the folder is no supported checkpoint, is damaged, or is not the one that `digest` names.
        MissingEngine: diffusers is not installed, or this machine has no such device.
    """
    found = checkpoint_digest(checkpoint)
    if digest is not None and found != digest:
        raise BadInput(
            f"checkpoint {checkpoint} has digest {found[:12]}, but {digest[:12]} was planned",
            remedy="put the planned checkpoint back, or plan the shoot again",
        )
    return _load(folder_of(checkpoint), found, device, dtype)


@lru_cache(maxsize=1)
def _load(folder: Path, digest: str, device: str, dtype: str) -> DiffusersEngine:
    pipeline_class(folder)
    try:
        import torch
        from diffusers import DiffusionPipeline
    except ImportError as error:
        raise MissingEngine(
            f"backdrops need diffusers and torch: {error}", remedy="pip install catalog-pipeline"
        ) from error
    if device != "cpu" and not torch.cuda.is_available():
        raise MissingEngine(f"device {device!r} asked for, but torch sees no GPU here", remedy="set the device to cpu")
    try:
        with quiet_loading():
            pipe = DiffusionPipeline.from_pretrained(
                folder,
                local_files_only=True,
                dtype=getattr(torch, dtype),
                safety_checker=None,
                low_cpu_mem_usage=find_spec("accelerate") is not None,  # asked for without it, diffusers prints a hint
            )
    except (OSError, ValueError, KeyError, RuntimeError, TypeError, AttributeError) as error:
        raise BadInput(
            f"checkpoint {folder} cannot be loaded: {str(error).splitlines()[0]}",
            remedy="download or save the checkpoint again",
        ) from error
    pipe.set_progress_bar_config(disable=True)
    native_px = int(pipe.unet.config.sample_size * pipe.vae_scale_factor)
    return DiffusersEngine(pipe.to(device), digest, native_px, facts_of(folder))


def _scheduler(current: Any, name: SchedulerName) -> Any:
    """A fresh scheduler: multistep ones keep state between pictures."""
    import diffusers

    kind = type(current) if name == "checkpoint" else getattr(diffusers, SCHEDULERS[name])
    return kind.from_config(current.config)


def _check(request: BackdropRequest) -> None:
    limits = (
        ("steps", request.steps, 1, 200),
        ("guidance", request.guidance, 0, 30),
        ("strength", request.strength, 0.05, 1),
        ("width_px", request.width_px, 16, 8192),
        ("height_px", request.height_px, 16, 8192),
    )
    for name, value, low, high in limits:
        if not low <= value <= high:
            raise BadInput(f"{name} {value} is not between {low} and {high}", remedy=f"set {name} within these limits")
    if request.strength < 1 and request.steps * request.strength < 1:
        raise BadInput(
            f"strength {request.strength} of {request.steps} steps leaves no step to paint", remedy="raise one of them"
        )


def _names_material(prompt: str) -> bool:
    return any(word in MATERIALS for word in words_of(prompt))


def _beyond(tokenizer: Any, prompt: str) -> tuple[str, ...]:
    """The end of a prompt that the tokenizer's window does not hold, if there is one."""
    window = tokenizer.model_max_length - tokenizer.num_special_tokens_to_add()
    tokens = tokenizer(prompt, add_special_tokens=False, verbose=False).input_ids
    return (tokenizer.decode(tokens[window:]),) if len(tokens) > window else ()


def _evened(picture: Rgb, rim_px: int) -> Rgb:
    """The picture with its rim replaced by what lies just inside."""
    inner = slice(rim_px, picture.shape[0] - rim_px)
    sides = (rim_px, rim_px, rim_px, rim_px)
    return np.asarray(cv2.copyMakeBorder(picture[inner, inner], *sides, cv2.BORDER_REPLICATE), np.uint8)


def _filled(picture: Rgb, mask: NDArray[np.uint8]) -> Rgb:
    """The product's place (mask 0) filled from around it, so that none of the model's picture of the product stays."""
    if not (mask == 0).any() or not (mask == 255).any():
        return picture
    known = (mask == 255).astype(np.float32)[:, :, None]
    total, weight = picture * known, known
    filled = np.zeros_like(total)
    done = np.zeros_like(known)
    sigma = 2.0
    while (
        not done.all()
    ):  # ever wider averages of what is known: near the rim it follows it closely, far inside smoothly
        mean = cv2.GaussianBlur(total, (0, 0), sigma)
        share = cv2.GaussianBlur(weight, (0, 0), sigma).reshape(known.shape)
        reached = (share > 0.05) & (done == 0)
        filled = np.where(reached, mean / np.maximum(share, 1e-6), filled)
        done = np.maximum(done, reached)
        sigma *= 2
    return np.where(known > 0, picture, np.round(filled)).astype(np.uint8)
