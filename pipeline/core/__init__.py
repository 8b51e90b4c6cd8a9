"""What every package shares: the product's words, records, arrays, COLMAP models, PNG, weights and processes."""
