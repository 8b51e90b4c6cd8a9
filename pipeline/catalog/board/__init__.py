"""The board of all products, and everything that is known of one product."""
