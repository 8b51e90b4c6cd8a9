"""What shops' words mean in English, German and French: categories, colours, materials, attributes and units."""
