"""Code that all packages share: domain types, records, arrays, light, COLMAP models, photos, PNG, processes."""
