"""What runs did and cost."""
