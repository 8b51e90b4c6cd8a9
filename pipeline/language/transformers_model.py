"""A local vision-language checkpoint that answers in JSON of a given schema.

The grammar masks every token that would leave the schema, so even a bad model gives an answer that can be parsed. What
it says is another matter.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pipeline.core.errors import MissingEngine
from pipeline.core.still_processor import still_processor

FAILURES = (OSError, ValueError, ImportError, KeyError, RuntimeError, AttributeError, TypeError)  # of a damaged folder
Turn = tuple[str, Sequence[str | Image.Image]]  # the role, `user` or `assistant`, and what it says or shows


@dataclass(frozen=True)
class Answer:
    """What a model wrote. `whole`: it came to its end within the limit of tokens."""

    text: str
    input_tokens: int
    output_tokens: int
    whole: bool


@dataclass(frozen=True)
class LocalModel:
    """A loaded checkpoint: its model, its processor, and its vocabulary for grammars."""

    model: Any
    processor: Any
    vocabulary: Any

    def answer(self, system: str, turns: Sequence[Turn], schema: dict[str, Any], max_tokens: int) -> Answer:
        """The most likely answer within the JSON schema, the same on every run on one machine."""
        import torch
        from jinja2 import TemplateError

        messages = [{"role": "system", "content": [{"type": "text", "text": system}]}]
        messages += [{"role": role, "content": [self._part(part) for part in parts]} for role, parts in turns]
        try:
            given = self.processor.apply_chat_template(
                messages, add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt"
            ).to(self.model.device)
        except TemplateError as error:
            raise MissingEngine(
                f"the checkpoint's chat template refuses the question: {error}", remedy="Use another checkpoint"
            ) from error
        read = int(given["input_ids"].shape[1])
        mask = GrammarMask(self.vocabulary, schema, read)
        with torch.inference_mode():
            tokens = self.model.generate(
                **given, max_new_tokens=max_tokens, do_sample=False, num_beams=1, logits_processor=[mask]
            )[0, read:]
        mask.take(tokens.tolist())
        text = self.processor.tokenizer.decode(tokens, skip_special_tokens=True)
        return Answer(text, read, len(tokens), whole=mask.is_complete)

    def _part(self, part: str | Image.Image) -> dict[str, Any]:
        if isinstance(part, str):
            return {"type": "text", "text": without_control(part, self.processor.tokenizer)}
        return {"type": "image", "image": part}


class GrammarMask:
    """A logits processor for one answer: forbids every token after which no JSON of the schema is possible."""

    def __init__(self, vocabulary: Any, schema: dict[str, Any], read: int) -> None:
        """`read`: length of the question in tokens. Raises ValueError when the schema cannot be a grammar."""
        from llguidance import LLMatcher

        grammar = LLMatcher.grammar_from_json_schema(json.dumps(schema), defaults={"whitespace_flexible": False})
        self.matcher = LLMatcher(vocabulary, grammar)
        if error := self.matcher.get_error():
            raise ValueError(f"the schema is not a grammar: {error}")
        self.read = self.taken = read

    def take(self, written: list[int]) -> None:
        """Follow the tokens written since the last call; `written` are all of the answer's."""
        for token in written[self.taken - self.read :]:
            self.taken += 1
            if not self.matcher.is_stopped():
                self.matcher.consume_token(token)

    @property
    def is_complete(self) -> bool:
        """Whether the answer is whole."""
        return bool(self.matcher.is_accepting())

    def __call__(self, tokens: Any, scores: Any) -> Any:
        """Mask the scores [1, vocabulary] of the next token, after `tokens` [1, read + written]."""
        import torch

        self.take(tokens[0, self.read :].tolist())
        bits = np.unpackbits(np.frombuffer(self.matcher.compute_bitmask(), np.uint8), bitorder="little")
        allowed = np.zeros(scores.shape[-1], bool)
        count = min(len(bits), len(allowed))
        allowed[:count] = bits[:count]
        return scores.masked_fill(~torch.from_numpy(allowed).to(scores.device), float("-inf"))


def without_control(text: str, tokenizer: Any) -> str:
    """A text in which no control token stands: a space breaks `<|im_start|>` in a product's title."""
    special = {str(token) for token in tokenizer.added_tokens_decoder.values() if token.special}
    control = {token for token in special | set(tokenizer.all_special_tokens) if len(token) > 1}
    pattern = re.compile("|".join(re.escape(token) for token in sorted(control, key=len, reverse=True)))
    while control and pattern.search(text):
        text = pattern.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)
    return text


@lru_cache(maxsize=1)
def load(folder: Path, digest: str, device: str) -> LocalModel:
    """Load a checkpoint once per process. Raises MissingEngine when it is damaged or of another kind."""
    from safetensors import SafetensorError

    try:
        import torch
        from llguidance.hf import from_tokenizer
        from transformers import AutoModelForImageTextToText

        processor = _processor(folder)
        if not processor.chat_template:
            raise ValueError("it has no chat template")
        model = AutoModelForImageTextToText.from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=True,  # a pickle could run code
            dtype=torch.float32 if device == "cpu" else "auto",
        )
        words = model.config.get_text_config().vocab_size
        ends = model.generation_config.eos_token_id
        vocabulary = from_tokenizer(processor.tokenizer, n_vocab=words, eos_token=ends)
        return LocalModel(model.to(device).eval(), processor, vocabulary)
    except (*FAILURES, SafetensorError) as error:
        why = " ".join(str(error).split())[:300]
        raise MissingEngine(
            f"vision-language checkpoint {folder} (digest {digest[:12]}) cannot be loaded on {device}: {why}",
            remedy="Use a folder that AutoModelForImageTextToText and AutoProcessor read, with a fast tokenizer",
        ) from error


def _processor(folder: Path) -> Any:
    """The checkpoint's processor, without its videos."""
    from transformers import AutoConfig
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING_NAMES

    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    return still_processor(folder, PROCESSOR_MAPPING_NAMES[config.model_type])
