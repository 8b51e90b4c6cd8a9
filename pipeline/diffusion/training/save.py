"""Write trained networks as a checkpoint folder that diffusers and our own painting read."""

import copy
import json
from pathlib import Path
from typing import Any

from pipeline.diffusion.painting.checkpoints import FACTS_FILE, CheckpointFacts
from pipeline.diffusion.training.acuity import Acuity
from pipeline.diffusion.training.networks import build_scheduler, build_tokenizer


def save_pipeline(folder: Path, vae: Any, text_encoder: Any, unet: Any, acuity: Acuity | None = None) -> None:
    """Write a complete `StableDiffusionInpaintPipeline` folder: fp16 safetensors, readable by every user.

    `acuity`: the measured resolution of the autoencoder; None for untrained weights. diffusers writes weights with mode
    0600, which another user in a container could not read.
    """
    import torch
    from diffusers import StableDiffusionInpaintPipeline

    halves = [copy.deepcopy(net).to(torch.float16).eval() for net in (vae, text_encoder, unet)]
    pipe = StableDiffusionInpaintPipeline(
        vae=halves[0], text_encoder=halves[1], tokenizer=build_tokenizer(), unet=halves[2], scheduler=build_scheduler(),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    pipe.save_pretrained(folder, safe_serialization=True)
    facts = CheckpointFacts(
        paints_behind_product=True, closed_vocabulary=True, strength=0.3, guidance=1.2,
        resolves_px=acuity.resolves_px if acuity else None, dim_rim_px=acuity.dim_rim_px if acuity else 0,
    )  # fmt: skip
    (folder / FACTS_FILE).write_text(facts.model_dump_json(indent=2) + "\n", encoding="utf-8")
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def copy_networks(folder: Path, **nets: Any) -> None:
    """Copy the weights of a saved checkpoint into networks of the same widths, by the names of its subfolders.

    A text encoder keeps the embedding of every word that both vocabularies have; the other words stay untrained.
    """
    from safetensors.torch import load_file

    for name, net in nets.items():
        (path,) = (folder / name).glob("*.safetensors")
        weights = {key: value.float() for key, value in load_file(path).items()}
        if name == "text_encoder":
            (key,) = (key for key in weights if key.endswith("token_embedding.weight"))
            weights[key] = _by_word(folder, weights[key], net.get_input_embeddings().weight.data)
        net.load_state_dict(weights)


def _by_word(folder: Path, saved: Any, own: Any) -> Any:
    words = json.loads((folder / "tokenizer" / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    merged = own.clone()
    for word, row in build_tokenizer().get_vocab().items():
        if word in words:
            merged[row] = saved[words[word]]
    return merged
