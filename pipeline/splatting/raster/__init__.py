"""The CPU rasterizer: projection, tiles, kernels, and their gradients."""
