"""Names for array types, used throughout. A type fixes the dtype; its docstring gives shape and range.

Pictures are row-major, with the origin at the top left, and sRGB-encoded unless a name says linear.
"""

import numpy as np
from numpy.typing import NDArray

F16 = NDArray[np.float16]
F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U16 = NDArray[np.uint16]

Pixels = NDArray[np.uint8]
"""A picture of any number of channels: [h, w] or [h, w, channels], 0 to 255, straight alpha."""
Rgb = NDArray[np.uint8]
"""[h, w, 3], 0 to 255."""
Rgba = NDArray[np.uint8]
"""[h, w, 4], 0 to 255, straight alpha."""
Alpha = NDArray[np.uint8]
"""[h, w], 0 (transparent, backdrop) to 255 (opaque, product)."""
Matte = NDArray[np.float32]
"""[h, w], 0 (backdrop) to 1 (product)."""
Mask = NDArray[np.bool_]
"""[h, w], True inside."""
