"""Pretrains the text encoder on the vocabulary, before the UNet is trained.

A classification loss teaches the five attributes of a spec within seconds; the noisy diffusion loss would take a large
part of the training on a CPU. The classification heads are discarded.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.diffusion.scenes.scene import random_spec
from pipeline.diffusion.scenes.vocabulary import ATTRIBUTES


def teach_words(text: Any, pooling: Any, tokenizer: Any, seed: int, steps: int, batch: int = 32) -> float:
    """Train `text` and the UNet's `pooling` so that a linear map predicts a prompt's attributes.

    `pooling` maps states [n, words, width] to [n, time width]. Returns the accuracy on the last batch, 0 to 1.
    """
    import torch

    rng = np.random.default_rng([seed, 4])
    sizes = [len(options) for options in ATTRIBUTES.values()]
    heads = torch.nn.Linear(pooling.proj.out_features, sum(sizes))
    weights = [*text.parameters(), *pooling.parameters(), *heads.parameters()]
    optimizer = torch.optim.AdamW(weights, lr=2e-3, betas=(0.9, 0.99))
    accuracy = 0.0
    for _ in range(steps):
        specs = [random_spec(rng) for _ in range(batch)]
        tokens = tokenizer([spec.prompt for spec in specs], padding="max_length", return_tensors="pt").input_ids
        logits = heads(pooling(text(input_ids=tokens).last_hidden_state)).split(sizes, 1)
        labels = [
            torch.tensor([options.index(getattr(spec, kind)) for spec in specs]) for kind, options in ATTRIBUTES.items()
        ]
        loss = torch.stack(
            [torch.nn.functional.cross_entropy(*pair) for pair in zip(logits, labels, strict=True)]
        ).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        correct = [(scores.argmax(1) == label).float().mean() for scores, label in zip(logits, labels, strict=True)]
        accuracy = float(np.mean(correct))
    return accuracy
