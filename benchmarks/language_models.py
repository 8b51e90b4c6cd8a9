"""Captions by models: what a request holds and should cost, and what client and grammar take on this machine.

No model is asked: a server on this machine answers at once. Tokens are estimated: one for 4 letters, and one for 750
pixels of a picture of 768 x 1024 px (Anthropic's rule). The texts are those of the embedded writer. Prices are those in
the tables of genai-prices.
"""

import argparse
import os
import random
import time
from typing import Any
from unittest.mock import patch

import torch
from genai_prices import Usage, calc_price
from llguidance.hf import from_tokenizer
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from pipeline.language import measured
from pipeline.language.llm import captions
from pipeline.language.llm.words import SYSTEM, question
from pipeline.language.transformers_captions import schema_for
from pipeline.language.transformers_model import GrammarMask
from tests.language.llm.answers import good
from tests.language.llm.server import serve
from tests.language.measured.golden_captions import FILES, read, subject_of
from tests.language.subjects import DESK, subject

LETTERS_PER_TOKEN, PIXELS_PER_TOKEN = 4, 750
MODELS = (("anthropic", "claude-sonnet-5-5"), ("openai", "gpt-5-mini"))
ROUNDS = 10
VOCABULARIES = (5_000, 50_000, 150_000)


def add_section(sections: Any) -> None:
    """Add the section's command line."""
    section = sections.add_parser("models", help="tokens and cost of captions by models, and the cost of grammars")
    section.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:  # noqa: ARG001 - every section is called alike
    """Print the section."""
    read_tokens, written = _tokens()
    print("| model | tokens read | tokens written | USD per 1000 captions | CPU ms of the client per caption |")
    print("|---|---|---|---|---|")
    for api, name in MODELS:
        price = calc_price(Usage(input_tokens=read_tokens, output_tokens=written), name, provider_id=api).total_price
        print(f"| `{api}:{name}` | {read_tokens} | {written} | {1000 * price:.2f} | {_client_ms(api, name):.0f} |")
    print("\n| vocabulary | ms to load it | ms to compile the schema | ms to mask a token |")
    print("|---|---|---|---|")
    for size in VOCABULARIES:
        loaded, compiled, masked = _grammar_ms(size)
        print(f"| {size} | {loaded:.0f} | {compiled:.1f} | {masked:.2f} |")


def _tokens() -> tuple[int, int]:
    """Estimated tokens read and written of one caption, the mean over the golden products."""
    subjects = [subject_of(read(path)["product"], "en") for path in FILES]
    asked = [sum(len(part) for part in question(one, 1024) if isinstance(part, str)) for one in subjects]
    captioned = [measured.write(one, measured.Params(), DESK).caption.model_dump_json() for one in subjects]
    picture = 768 * 1024 / PIXELS_PER_TOKEN
    letters = len(SYSTEM) + sum(asked) / len(asked)
    return round(letters / LETTERS_PER_TOKEN + picture), round(len("".join(captioned)) / len(FILES) / LETTERS_PER_TOKEN)


def _client_ms(api: str, name: str) -> float:
    """CPU ms of one caption without the model, the server on this machine included."""
    keys = {"ANTHROPIC_API_KEY": "none", "OPENAI_API_KEY": "none", "NO_PROXY": "127.0.0.1"}
    with patch.dict(os.environ, keys), serve(*[good()] * (ROUNDS + 1)) as server:
        address = server.url if api == "anthropic" else f"{server.url}/v1"
        params = captions.Params(model=f"{api}:{name}", base_url=address)
        captions.write(subject(), params, DESK)  # loads the libraries
        start = time.process_time()
        for _ in range(ROUNDS):
            captions.write(subject(), params, DESK)
        return 1000 * (time.process_time() - start) / ROUNDS


def _grammar_ms(size: int) -> tuple[float, float, float]:
    """CPU ms to load a vocabulary of invented words, to compile the schema of a caption, and to mask one token."""
    start = time.process_time()
    vocabulary = from_tokenizer(_tokenizer(size))
    loaded = time.process_time()
    mask = GrammarMask(vocabulary, schema_for(subject()), 0)
    compiled = time.process_time()
    written: list[int] = []
    order, spent, count = torch.Generator().manual_seed(0), 0.0, 200
    for _ in range(count):
        tokens, scores = torch.tensor([written], dtype=torch.long), torch.rand(1, size, generator=order)
        before = time.process_time()
        masked = mask(tokens, scores)
        spent += time.process_time() - before
        written.append(int(masked.argmax()))
    return 1000 * (loaded - start), 1000 * (compiled - loaded), 1000 * spent / count


def _tokenizer(size: int) -> Any:
    """A byte-level tokenizer with `size` tokens, most of them invented words."""
    invent = random.Random(0)
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = dict.fromkeys(letters)
    while len(words) < size - 1:
        words["".join(invent.choices('etaoinshrdlucmfwyp",:{}', k=invent.randint(2, 9)))] = None
    made = Tokenizer(models.BPE(vocab={word: at for at, word in enumerate(words)}, merges=[]))
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    made.add_special_tokens([AddedToken("</s>", special=True)])
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token="</s>")  # noqa: S106 - no password
