"""Vectors of pictures: engines that make them, and exact search among them."""
