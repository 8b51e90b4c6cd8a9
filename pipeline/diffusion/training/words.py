"""Teach the text encoder its words before the UNet learns to paint them.

A spec's five attributes are told apart within seconds when asked for directly; through the noise of a diffusion loss it
takes a large part of a CPU's training. The heads that ask are thrown away.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.diffusion.scenes.scene import random_spec
from pipeline.diffusion.scenes.vocabulary import ATTRIBUTES


def teach_words(text: Any, pooling: Any, tokenizer: Any, seed: int, steps: int, batch: int = 32) -> float:
    """Train `text` and the UNet's `pooling` so that a linear map reads the attributes off a prompt; the share it reads.

    `pooling`: states [n, words, width] to [n, time width]. The share is of the last batch, 0 to 1.
    """
    import torch

    rng = np.random.default_rng([seed, 4])
    sizes = [len(options) for options in ATTRIBUTES.values()]
    heads = torch.nn.Linear(pooling.proj.out_features, sum(sizes))
    weights = [*text.parameters(), *pooling.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=2e-3, betas=(0.9, 0.99))
    right = 0.0
    for _ in range(steps):
        specs = [random_spec(rng) for _ in range(batch)]
        tokens = tokenizer([spec.prompt for spec in specs], padding="max_length", return_tensors="pt").input_ids
        said = heads(pooling(text(input_ids=tokens).last_hidden_state)).split(sizes, 1)
        asked = [
            torch.tensor([options.index(getattr(spec, kind)) for spec in specs]) for kind, options in ATTRIBUTES.items()
        ]
        loss = torch.stack([torch.nn.functional.cross_entropy(*pair) for pair in zip(said, asked, strict=True)]).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        right = float(np.mean([(one.argmax(1) == true).float().mean() for one, true in zip(said, asked, strict=True)]))
    return right
