"""3D Gaussian splatting: rasterizer, trainer, PLY."""
