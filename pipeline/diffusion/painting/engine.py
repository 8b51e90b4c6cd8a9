"""Paints backdrops with diffusers' inpainting pipelines: the full request, and the adapter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np

from pipeline.core.arrays import F32, Rgb, Rgba
from pipeline.core.errors import BadInput
from pipeline.diffusion.painting.base import MARGIN_PX, PaintedBackdrop
from pipeline.diffusion.painting.calling import Sampling, edit, inpaint
from pipeline.diffusion.painting.canvas import canvas, filled_in, joined, squared, window, without_rim
from pipeline.diffusion.painting.checkpoints import CheckpointFacts
from pipeline.diffusion.painting.enlarge import enlarge
from pipeline.diffusion.painting.families import Family, SchedulerName
from pipeline.diffusion.painting.placing import reporting_out_of_memory
from pipeline.diffusion.scenes.scene import render_scene, scene_labels
from pipeline.diffusion.scenes.sight import Sight, view_words
from pipeline.diffusion.scenes.vocabulary import Reading, understand, vocabulary, words_of


@dataclass(frozen=True)
class PaintRequest:
    """A `BackdropRequest` with the settings of the diffusion.

    The model sees the product; if its checkpoint paints the product again, that place is filled afterwards.
    `strength`: 1 starts from noise; below 1 from a generated scene of the prompt's material, the smaller the closer.
    `guidance`: classifier-free guidance scale, 1 for none. `mask_margin_px`: how far from the product painting begins.
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
    extend: bool = False
    camera_elevation_deg: float | None = None
    mask_margin_px: int = MARGIN_PX


class _Words(NamedTuple):
    prompt: str
    negative: str
    passed_over: tuple[str, ...]
    understood: float = 1.0


@dataclass(frozen=True)
class DiffusersEngine:
    """A loaded inpainting checkpoint. Build it with `load_engine`.

    `digest` identifies the weights. The same request gives the same pixels on the same machine.
    """

    pipe: Any
    digest: str
    native_px: int
    facts: CheckpointFacts
    family: Family

    def paint(self, request: PaintRequest) -> PaintedBackdrop:
        """Paint one backdrop. Raises BadInput when a setting of the request is out of range."""
        return self.paint_all([request])[0]

    def paint_all(self, requests: Sequence[PaintRequest]) -> list[PaintedBackdrop]:
        """Paint requests in one batch; they may differ in product and seed only.

        A GPU paints several in little more than the time of one; each equals the result of `paint` up to rounding.
        Raises BadInput when a setting is out of range, when the requests differ in anything else, or when memory runs
        out.
        """
        first = requests[0]
        if any(_shared(request) != _shared(first) for request in requests):
            raise BadInput("a batch must share its prompt and its settings", remedy="Paint the requests one by one")
        _check(first)
        reading, words = understand(first.prompt), self._words(first, understand(first.prompt))
        n, sight = self.native_px, _sight(first)
        wholes = self._squares(requests, reading, words)
        resolves_px, share = self.facts.resolves_px, 1.0
        if first.extend and first.width_px != first.height_px:
            wholes = [squared(whole) for whole in self._extended(requests, words, wholes)]
            share = n / wholes[0].shape[0]
            resolves_px = resolves_px and round(resolves_px / share)
        start: Literal["noise", "scene"] = "scene" if first.strength < 1 else "noise"
        # from noise, a general model paints boards and walls of its own, and the scene's would lie across them
        detail = reading.spec if self.facts.closed_vocabulary or start == "scene" else None
        return [
            PaintedBackdrop(
                rgb=enlarge(
                    whole, request.width_px, request.height_px, detail, request.seed, resolves_px, share, sight
                ),
                prompt=words.prompt,
                start=start,
                passed_over=words.passed_over,
                understood=words.understood,
                native=whole,
            )
            for request, whole in zip(requests, wholes, strict=True)
        ]

    def _squares(self, requests: Sequence[PaintRequest], reading: Reading, words: _Words) -> list[Rgb]:
        """Paint the squares [n, n, 3] from which the requested shapes are made, without the product."""
        n, behind = self.native_px, self.facts.paints_behind_product
        pairs = []
        for each in requests:
            scene = render_scene(reading.spec, each.seed, n, n, _sight(each))[0] if each.strength < 1 else None
            pairs.append(canvas(each.product, scene, n, behind, each.mask_margin_px))
        wholes = self._run(requests, words, pairs)
        return wholes if behind else [filled_in(whole, mask) for whole, (_, mask) in zip(wholes, pairs, strict=True)]

    def _extended(self, requests: Sequence[PaintRequest], words: _Words, squares: list[Rgb]) -> list[Rgb]:
        """Extend the squares [n, n, 3] at both ends of the longer side, to the requested shape."""
        first = requests[0]
        tall, longer = first.height_px > first.width_px, max(first.width_px, first.height_px)
        more = math.ceil(self.native_px * (longer / min(first.width_px, first.height_px) - 1) / 2)
        wholes = squares
        for at_end in (False, True):
            pairs = [window(square, more, tall=tall, at_end=at_end) for square in squares]
            strips = self._run(requests, words, pairs)
            wholes = [
                joined(whole, strip, more, tall=tall, at_end=at_end)
                for whole, strip in zip(wholes, strips, strict=True)
            ]
        return wholes

    def _words(self, request: PaintRequest, reading: Reading) -> _Words:
        """The prompts for this checkpoint: in its closed vocabulary, or the request's own up to its limit."""
        if self.facts.closed_vocabulary:
            known = [word for word in words_of(request.negative_prompt) if word in vocabulary()]
            unknown = [word for word in words_of(request.negative_prompt) if word not in known]
            prompt = scene_labels(reading.spec, request.seed, _sight(request)).prompt
            passed_over = (*reading.passed_over, *unknown)
            return _Words(prompt, " ".join(dict.fromkeys(known)), passed_over, reading.understood)
        seen_from = view_words(request.camera_elevation_deg)
        prompt = f"{request.prompt}, {seen_from}" if seen_from else request.prompt
        asked = (prompt, request.negative_prompt if self.family.takes_negative else "")
        tokenizer = getattr(self.pipe, self.family.tokenizer)
        lost = [text for prompt in asked for text in _truncated(tokenizer, prompt, self.family.window)]
        lost += [request.negative_prompt] if request.negative_prompt not in {"", asked[1]} else []
        return _Words(*asked, tuple(lost))

    def _run(self, requests: Sequence[PaintRequest], words: _Words, pairs: list[tuple[Rgb, Rgb]]) -> list[Rgb]:
        first = requests[0]
        asked = Sampling(
            prompt=words.prompt,
            negative=words.negative,
            seeds=tuple(request.seed for request in requests),
            steps=first.steps,
            guidance=first.guidance,
            strength=first.strength,
            scheduler=first.scheduler,
        )
        painted = self.inpaint([picture for picture, _ in pairs], [mask for _, mask in pairs], asked)
        levels = (np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8) for picture in painted)
        return [without_rim(picture, self.facts.dim_rim_px) for picture in levels]

    def inpaint(self, pictures: Sequence[Rgb], masks: Sequence[Rgb], asked: Sampling) -> list[F32]:
        """Paint squares of `native_px` where their masks are 255. Raises BadInput as `calling.inpaint` does."""
        with reporting_out_of_memory(self.digest[:12]):
            return inpaint(self.pipe, self.family, pictures, masks, asked)

    def edit(self, references: Sequence[Rgb], size_px: tuple[int, int], asked: Sampling) -> F32:
        """Paint a picture of `size_px` from others; for an engine loaded with `edits`. Raises BadInput as `edit`."""
        with reporting_out_of_memory(self.digest[:12]):
            return edit(self.pipe, self.family, references, size_px, asked)


def _sight(request: PaintRequest) -> Sight | None:
    if request.camera_elevation_deg is None:
        return None
    return Sight(elevation_deg=request.camera_elevation_deg)


def _shared(request: PaintRequest) -> PaintRequest:
    """The request without the fields that may differ within a batch."""
    return replace(request, product=None, seed=0)


def _check(request: PaintRequest) -> None:
    limits = (
        ("steps", request.steps, 1, 200),
        ("guidance", request.guidance, 0, 30),
        ("strength", request.strength, 0.05, 1),
        ("width_px", request.width_px, 16, 8192),
        ("height_px", request.height_px, 16, 8192),
    )
    for name, value, low, high in limits:
        if not low <= value <= high:
            raise BadInput(f"{name} {value} is not between {low} and {high}", remedy=f"Set {name} within these limits")
    if request.extend and max(request.width_px, request.height_px) > 2 * min(request.width_px, request.height_px):
        raise BadInput(
            f"{request.width_px} x {request.height_px} px: the longer side is more than twice the shorter",
            remedy="Extend a backdrop to 2:1 at most",
        )
    if request.strength < 1 and request.steps * request.strength < 1:
        raise BadInput(
            f"strength {request.strength} of {request.steps} steps leaves no step to run", remedy="Raise one of them"
        )


def _truncated(tokenizer: Any, prompt: str, limit: int) -> tuple[str, ...]:
    """The end of a prompt that exceeds the tokenizer's window or `limit` tokens, if any."""
    window = min(limit, tokenizer.model_max_length - tokenizer.num_special_tokens_to_add())
    tokens = tokenizer(prompt, add_special_tokens=False, verbose=False).input_ids
    return (tokenizer.decode(tokens[window:]),) if len(tokens) > window else ()
