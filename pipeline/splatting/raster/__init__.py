"""Rasterizers: ours on the CPU (projection, tiles, kernels and their gradients), and gsplat on CUDA."""
