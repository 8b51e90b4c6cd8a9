"""Rasterizers: the CPU's projection, tiles, kernels and their gradients, and gsplat on CUDA."""
