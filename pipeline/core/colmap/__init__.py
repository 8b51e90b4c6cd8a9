"""COLMAP's sparse models: cameras, posed images and points; reading, writing, and undistorting their photos.

Not through pycolmap: imported before Pillow it corrupts the heap when a PNG is saved. Format:
https://colmap.github.io/format.html
"""
