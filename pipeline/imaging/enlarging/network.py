"""The embedded networks: a linear filter and residual convolutions (EDSR, Lim 2017), then a pixel shuffle."""

from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle, relu

SIZES = {2: (32, 4), 4: (48, 6)}  # by factor: features, and blocks of convolutions; of like cost per output pixel


class Block(nn.Module):
    """Two convolutions beside a shortcut, without normalisation."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """Features [n, width, h, w] to features of the same shape."""
        return features + self.second(relu(self.first(features)))


class Enlarger(nn.Module):
    """Enlarges by `factor`: what a linear filter of 5 x 5 pixels knows, and what convolutions find that it lacks."""

    def __init__(self, factor: int, width: int, blocks: int) -> None:
        super().__init__()
        self.factor = factor
        self.reach_px = 2 * blocks + 2  # of the small picture: as far as an output pixel sees
        self.linear = nn.Conv2d(3, 3 * factor**2, 5, padding=2)
        self.head = nn.Conv2d(3, width, 3, padding=1)
        self.blocks = nn.Sequential(*(Block(width) for _ in range(blocks)))
        self.tail = nn.Conv2d(width, 3 * factor**2, 3, padding=1)

    def forward(self, picture: Tensor) -> Tensor:
        """Map sRGB [n, 3, h, w], 0 to 1, to [n, 3, factor * h, factor * w], which may leave that range a little."""
        pixels = picture - 0.5
        cells = self.linear(pixels) + self.tail(self.blocks(self.head(pixels)))
        return pixel_shuffle(cells, self.factor) + 0.5
