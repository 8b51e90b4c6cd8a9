"""Models and photographs the products of the sample collection."""
