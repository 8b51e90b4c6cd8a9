"""Snapshots of a fit's state, from which a killed fit resumes: bytes of plain arrays (npz), nothing executable."""

import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from pipeline.core.errors import BadInput
from pipeline.splatting.fit.adam import Adam, Moments
from pipeline.splatting.raster.base import Cloud

_DELETE = "Delete it, and the fit starts over"


@dataclass
class FitState:
    """All that changes during a fit: tensors, Adam, the strategy's memory, the position, and the random generators.

    `cloud`, `exposure`, `memory` and `adam` are on the rasterizer's device, the rest on the CPU.
    """

    cloud: Cloud
    exposure: Cloud
    poses: Cloud
    memory: Cloud
    adam: Adam
    pose_adam: Adam
    iteration: int
    done: float
    seconds: float
    order: list[int]
    best_db: float
    stale: int
    numpy_rng: np.random.Generator
    torch_rng: torch.Generator


def dump(state: FitState, identity: str) -> bytes:
    """Serialise `state`; `identity` names the request, the only one that may resume from it."""
    groups = {"cloud": state.cloud, "exposure": state.exposure, "poses": state.poses, "memory": state.memory}
    arrays = {f"{group}/{name}": v.cpu().numpy() for group, tensors in groups.items() for name, v in tensors.items()}
    adams = {"adam": state.adam.moments, "pose_adam": state.pose_adam.moments}
    for which, moments in adams.items():
        for name, m in moments.items():
            arrays |= {f"{which}.first/{name}": m.first.cpu().numpy(), f"{which}.second/{name}": m.second.cpu().numpy()}
    meta = {
        "identity": identity,
        "steps": {which: {name: m.steps for name, m in moments.items()} for which, moments in adams.items()},
        "iteration": state.iteration,
        "done": state.done,
        "seconds": state.seconds,
        "order": state.order,
        "best_db": state.best_db,
        "stale": state.stale,
        "rng": state.numpy_rng.bit_generator.state,
    }
    arrays["torch_rng"] = state.torch_rng.get_state().numpy()
    arrays["meta"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
    out = io.BytesIO()
    np.savez(out, **arrays)  # type: ignore[arg-type]
    return out.getvalue()


def restore(data: bytes, identity: str, device: torch.device) -> FitState:
    """Parse a snapshot into a state on `device`.

    Raises BadInput if the bytes are damaged, or belong to another request or another version's format.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        meta = json.loads(arrays["meta"].tobytes())
        if meta["identity"] != identity:
            raise BadInput("the fit's snapshot belongs to another request", remedy=_DELETE)
        return _state(arrays, meta, device)
    except (ValueError, KeyError, TypeError, OSError, zipfile.BadZipFile) as error:
        raise BadInput(f"the fit's snapshot is damaged ({error!r})", remedy=_DELETE) from error


def _state(arrays: dict[str, np.ndarray], meta: dict[str, Any], device: torch.device) -> FitState:
    def group(prefix: str, on: torch.device = device) -> Cloud:
        members = {k.split("/", 1)[1]: v for k, v in arrays.items() if k.startswith(prefix + "/")}
        return {name: torch.from_numpy(v.copy()).to(on) for name, v in members.items()}

    def adam(which: str, on: torch.device = device) -> Adam:
        first, second, steps = group(f"{which}.first", on), group(f"{which}.second", on), meta["steps"][which]
        return Adam({name: Moments(first[name], second[name], steps[name]) for name in first})

    cpu = torch.device("cpu")
    numpy_rng, torch_rng = np.random.default_rng(), torch.Generator()
    numpy_rng.bit_generator.state = meta["rng"]
    torch_rng.set_state(torch.from_numpy(arrays["torch_rng"].copy()))
    return FitState(
        group("cloud"), group("exposure"), group("poses", cpu), group("memory"), adam("adam"), adam("pose_adam", cpu),
        meta["iteration"], meta["done"], meta["seconds"], meta["order"], meta["best_db"], meta["stale"],
        numpy_rng, torch_rng,
    )  # fmt: skip
