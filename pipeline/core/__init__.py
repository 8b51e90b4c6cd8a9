"""What every package shares: domain words, records, arrays, light, COLMAP models, photos, PNG, weights, processes."""
