"""Text in Latin, Chinese and Japanese script, by RapidOCR (PP-OCRv6) on ONNX Runtime.

The models are part of the package rapidocr; nothing is downloaded, and ONNX Runtime sends no telemetry. Text may be
turned by any angle.
"""

import hashlib
import os
from functools import lru_cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from pipeline.core.arrays import F64, Rgb
from pipeline.core.errors import MissingEngine, readable
from pipeline.core.licences.names import Use
from pipeline.core.licences.settings import Licensed
from pipeline.language.evidence.readers.base import Line

MODELS = {
    "Det": "PP-OCRv6_det_small.onnx",
    "Cls": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
    "Rec": "PP-OCRv6_rec_small.onnx",
}
PACKAGES = ("rapidocr", "onnxruntime")
THREADS_MAX = 8
REMEDY = "Install rapidocr and onnxruntime as constraints.txt pins them, or set `evidence: {engine: none}`"


class Params(Licensed):
    """What is kept, and which models read it."""

    engine: Literal["rapidocr"] = "rapidocr"
    licence: str | None = Field(default="Apache-2.0", description="licence of the models")
    licence_use: Use | None = Field(default="commercial", description="what it allows")
    licence_said_by: str | None = Field(default="the package rapidocr", description="who states it")
    min_score: float = Field(default=0.5, ge=0, le=1, description="lines that the reader trusts less are left out")
    models_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] = Field(
        default="26ebf30445cd84d53ce0637f43ab3f8545fa9faf66ad01aebc5ee531a9ca7804",
        description="digest of the models in the package rapidocr; the error gives the value for another version",
    )


def require_here(params: Params) -> str:
    """Return what would run on this machine. Raises MissingEngine if packages or models are not those of `params`."""
    for package in PACKAGES:
        if find_spec(package) is None:
            raise MissingEngine(f"evidence engine `rapidocr`: the package {package} is not installed", remedy=REMEDY)
    digest = models_digest()
    if digest != params.models_sha256:
        raise MissingEngine(
            f"the models of rapidocr {version('rapidocr')} have digest {digest}; the setting pins "
            f"{params.models_sha256}",
            remedy=f"Install the rapidocr that constraints.txt pins, or set evidence's models_sha256: {digest}",
        )
    return signature(params)


def signature(params: Params) -> str:
    """The versions of both packages, and the digest of the models."""
    versions = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    return f"{versions}, models sha256 {params.models_sha256}"


def read(rgb: Rgb, params: Params) -> tuple[Line, ...]:
    """The lines in a picture [h, w, 3] uint8 sRGB. Raises MissingEngine as `require_here`."""
    require_here(params)
    found = _engine(threads())(np.ascontiguousarray(rgb[..., ::-1]), text_score=params.min_score)
    if not getattr(found, "txts", None):
        return ()
    lines = zip(found.boxes, found.txts, found.scores, strict=True)
    return tuple(Line(text=text, box=_box(corners), score=round(float(score), 3)) for corners, text, score in lines)


def threads() -> int:
    """How many threads may read: OMP_NUM_THREADS, or every core of this machine, at most `THREADS_MAX`."""
    given = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    cores = len(os.sched_getaffinity(0))
    return max(1, min(int(given) if given.isdigit() else cores, cores, THREADS_MAX))


def models_digest() -> str:
    """SHA-256 over the names and bytes of the packaged models. Raises MissingEngine when one is missing."""
    files = tuple(_model(name) for name in sorted(MODELS.values()))
    return _digest(files, tuple((file.stat().st_mtime_ns, file.stat().st_size) for file in files))


@readable()
@lru_cache(maxsize=2)
def _digest(files: tuple[Path, ...], stamps: tuple[tuple[int, int], ...]) -> str:  # noqa: ARG001 - part of the key
    total = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            total.update(f"{path.name}\0{hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()


def _model(name: str) -> Path:
    """A packaged model. Raises MissingEngine: without its file, rapidocr would download one."""
    spec = find_spec("rapidocr")
    folders = [] if spec is None else list(spec.submodule_search_locations or [])
    for folder in folders:
        path = Path(folder) / "models" / name
        if path.is_file():
            return path
    raise MissingEngine(f"evidence engine `rapidocr`: its package lacks the model {name}", remedy=REMEDY)


@lru_cache(maxsize=1)
def _engine(count: int) -> Any:
    """The reader, loaded once per process, with `count` threads."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read once, when the library is loaded; the API would be too late
    from rapidocr import RapidOCR

    paths = {f"{task}.model_path": str(_model(name)) for task, name in MODELS.items()}
    runtime = {
        "EngineConfig.onnxruntime.intra_op_num_threads": count,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }
    return RapidOCR(params={"Global.log_level": "critical", **paths, **runtime})


def _box(corners: F64) -> tuple[int, int, int, int]:
    """The upright box, left, top, width, height in px, around four corners [4, 2]."""
    left, top = np.floor(corners.min(0)).astype(int)
    right, bottom = np.ceil(corners.max(0)).astype(int)
    return int(left), int(top), int(right - left), int(bottom - top)
