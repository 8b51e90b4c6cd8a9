"""The embedded network: it doubles a picture's size by residual convolutions and a pixel shuffle (EDSR, Lim 2017)."""

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pixel_shuffle, relu

WIDTH, BLOCKS = 32, 4
REACH_PX = 2 * BLOCKS + 2  # of the small picture: as far as an output pixel sees, by 3 x 3 convolutions


class Block(nn.Module):
    """Two convolutions beside a shortcut, without normalisation."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """Features [n, width, h, w] to features of the same shape."""
        return features + self.second(relu(self.first(features)))


class Doubler(nn.Module):
    """Predicts what cubic interpolation lacks. For a fourfold size it is applied twice."""

    def __init__(self, width: int = WIDTH, blocks: int = BLOCKS) -> None:
        super().__init__()
        self.head = nn.Conv2d(3, width, 3, padding=1)
        self.blocks = nn.Sequential(*(Block(width) for _ in range(blocks)))
        self.tail = nn.Conv2d(width, 12, 3, padding=1)

    def forward(self, picture: Tensor) -> Tensor:
        """Map sRGB [n, 3, h, w], 0 to 1, to [n, 3, 2h, 2w], which may leave that range a little."""
        detail = pixel_shuffle(self.tail(self.blocks(self.head(picture - 0.5))), 2)
        cubic: Tensor = interpolate(picture, scale_factor=2, mode="bicubic", align_corners=False)
        return cubic + detail


def untrained(seed: int, width: int = WIDTH, blocks: int = BLOCKS) -> Doubler:
    """A network that interpolates: its last convolution is zero, and each block begins as its shortcut."""
    torch.manual_seed(seed)
    net = Doubler(width, blocks)
    with torch.no_grad():
        net.tail.weight.zero_()
        net.tail.bias.zero_()  # type: ignore[union-attr]  # it has one
        for block in net.blocks:
            block.second.weight.mul_(0.1)  # type: ignore[operator,union-attr]
    return net
