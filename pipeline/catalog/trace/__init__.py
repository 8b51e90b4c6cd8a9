"""What stands behind assets, what a photo, checkpoint or setting touched, and what changed between two versions."""
