"""Read and write COLMAP's sparse models (cameras, posed images, points), and undistort their photos.

Without pycolmap, which corrupts the heap when it is imported before Pillow and a PNG is saved. Format:
https://colmap.github.io/format.html
"""
