"""Arrays of vectors as bytes."""

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.core.arrays import F32

NPY = "application/x-npy"


def npy(vectors: "F32") -> bytes:
    """An array as the bytes of an .npy file; the same array always gives the same bytes."""
    import numpy as np

    out = io.BytesIO()
    np.save(out, np.ascontiguousarray(vectors, np.dtype("<f4")), allow_pickle=False)
    return out.getvalue()


def from_npy(data: bytes) -> "F32":
    """The array [n, d] float32 of an .npy file."""
    import numpy as np

    return np.asarray(np.load(io.BytesIO(data), allow_pickle=False), np.float32)
