"""Paints backdrops with diffusers' inpainting pipelines: the request with all its numbers, and the adapter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np

from pipeline.core.arrays import Rgb, Rgba
from pipeline.core.errors import BadInput
from pipeline.diffusion.painting.base import PaintedBackdrop
from pipeline.diffusion.painting.canvas import canvas, evened, filled_in, joined, squared, window
from pipeline.diffusion.painting.checkpoints import CheckpointFacts
from pipeline.diffusion.painting.enlarge import enlarge
from pipeline.diffusion.painting.families import Family, SchedulerName, fresh_scheduler
from pipeline.diffusion.painting.placing import memory_named
from pipeline.diffusion.scenes.scene import render_scene
from pipeline.diffusion.scenes.vocabulary import MATERIALS, Reading, understand, vocabulary, words_of


@dataclass(frozen=True)
class PaintRequest:
    """A `BackdropRequest` with the numbers of the diffusion.

    The model sees the product; where its checkpoint leaves the product in its place, that place is filled afterwards.
    `strength` 1 starts from noise; below 1 from a generated scene of the prompt's material, closer to it the smaller.
    `guidance` is the classifier-free guidance scale, 1 for none.
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


class _Words(NamedTuple):
    prompt: str
    negative: str
    passed_over: tuple[str, ...]


@dataclass(frozen=True)
class DiffusersEngine:
    """Paints with any supported inpainting checkpoint folder. Build it with `load_engine`.

    `digest` identifies the weights. The same request gives the same pixels on the same machine.
    """

    pipe: Any
    digest: str
    native_px: int
    facts: CheckpointFacts
    family: Family

    def paint(self, request: PaintRequest) -> PaintedBackdrop:
        """Paint one backdrop, see `PaintRequest`. Raises BadInput when a number of the request is out of range."""
        return self.paint_all([request])[0]

    def paint_all(self, requests: Sequence[PaintRequest]) -> list[PaintedBackdrop]:
        """Paint requests in one batch: each has its own product and seed, and all the same words and numbers.

        A GPU does several at once in little more than the time of one; up to rounding each is what `paint` gives.
        Raises BadInput when a number is out of range, when the requests differ in words or numbers, or when memory runs
        out.
        """
        first = requests[0]
        if any(_shared(request) != _shared(first) for request in requests):
            raise BadInput(
                "a batch must have one prompt and one set of numbers", remedy="Paint the requests one by one"
            )
        _check(first)
        reading, words = understand(first.prompt), self._words(first, understand(first.prompt))
        n, behind = self.native_px, self.facts.paints_behind_product
        scenes = [render_scene(reading.spec, one.seed, n, n)[0] if one.strength < 1 else None for one in requests]
        pairs = [canvas(one.product, scene, n, behind) for one, scene in zip(requests, scenes, strict=True)]
        wholes = self._run(requests, words, pairs)
        if not behind:
            wholes = [filled_in(whole, mask) for whole, (_, mask) in zip(wholes, pairs, strict=True)]
        resolves_px, share = self.facts.resolves_px, 1.0
        if first.extend and first.width_px != first.height_px:
            wholes = [squared(one) for one in self._extended(requests, words, wholes)]
            share = n / wholes[0].shape[0]
            resolves_px = resolves_px and round(resolves_px / share)
        detail = reading.spec if self.facts.closed_vocabulary or _names_material(first.prompt) else None
        start: Literal["noise", "scene"] = "scene" if first.strength < 1 else "noise"
        return [
            PaintedBackdrop(
                rgb=enlarge(whole, one.width_px, one.height_px, detail, one.seed, resolves_px, share),
                prompt=words.prompt,
                start=start,
                passed_over=words.passed_over,
                native=whole,
            )
            for one, whole in zip(requests, wholes, strict=True)
        ]

    def _extended(self, requests: Sequence[PaintRequest], words: _Words, squares: list[Rgb]) -> list[Rgb]:
        """The squares [n, n] with more painted on at both ends of the longer side, in the shape that is asked for."""
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
        """What this checkpoint is asked with: its own vocabulary, or the request's words as far as it can read them."""
        if self.facts.closed_vocabulary:
            known = [word for word in words_of(request.negative_prompt) if word in vocabulary()]
            unknown = [word for word in words_of(request.negative_prompt) if word not in known]
            return _Words(reading.prompt, " ".join(dict.fromkeys(known)), (*reading.passed_over, *unknown))
        asked = (request.prompt, request.negative_prompt if self.family.takes_negative else "")
        # FLUX reads with two encoders; what the longer window holds is not lost
        tokenizer = self.pipe.tokenizer if self.family.takes_negative else self.pipe.tokenizer_2
        lost = [text for prompt in asked for text in _beyond(tokenizer, prompt)]
        lost += [request.negative_prompt] if request.negative_prompt not in {"", asked[1]} else []
        return _Words(*asked, tuple(lost))

    def _run(self, requests: Sequence[PaintRequest], words: _Words, pairs: list[tuple[Rgb, Rgb]]) -> list[Rgb]:
        import torch
        from PIL import Image

        first, pipe, family, count = requests[0], self.pipe, self.family, len(requests)
        pipe.scheduler = fresh_scheduler(family, pipe.scheduler, first.scheduler)
        pictures, masks = [picture for picture, _ in pairs], [mask for _, mask in pairs]
        negative = {"negative_prompt": [words.negative] * count} if family.takes_negative else {}
        with memory_named(self.digest[:12]), torch.random.fork_rng():
            torch.manual_seed(first.seed)  # FLUX hands its generator to no scheduler, and LCM's draws noise
            painted = pipe(
                prompt=[words.prompt] * count,
                image=[Image.fromarray(picture) for picture in pictures],
                mask_image=[Image.fromarray(mask) for mask in masks],
                width=self.native_px,
                height=self.native_px,
                num_inference_steps=first.steps,
                guidance_scale=first.guidance,
                strength=min(1.0, first.strength),
                generator=[torch.Generator("cpu").manual_seed(one.seed) for one in requests],
                output_type="np",
                **negative,
                **family.beside,
                **family.control(pictures, masks),
            ).images
        for one, picture in zip(requests, painted, strict=True):
            if not np.isfinite(picture).all():
                raise BadInput(
                    f"the checkpoint painted nothing for seed {one.seed} (values that are not numbers)",
                    remedy="Use dtype float32 or another scheduler",
                )
        levels = (np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8) for picture in painted)
        return [evened(picture, self.facts.dim_rim_px) for picture in levels]


def _shared(request: PaintRequest) -> PaintRequest:
    """The request without what may differ inside a batch."""
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
            f"{request.width_px} x {request.height_px} px is more than twice as long as wide",
            remedy="Extend a backdrop to at most 2:1",
        )
    if request.strength < 1 and request.steps * request.strength < 1:
        raise BadInput(
            f"strength {request.strength} of {request.steps} steps leaves no step to paint", remedy="Raise one of them"
        )


def _names_material(prompt: str) -> bool:
    return any(word in MATERIALS for word in words_of(prompt))


def _beyond(tokenizer: Any, prompt: str) -> tuple[str, ...]:
    """The end of a prompt that the tokenizer's window does not hold, if there is one."""
    window = tokenizer.model_max_length - tokenizer.num_special_tokens_to_add()
    tokens = tokenizer(prompt, add_special_tokens=False, verbose=False).input_ids
    return (tokenizer.decode(tokens[window:]),) if len(tokens) > window else ()
