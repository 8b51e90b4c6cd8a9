"""Every reason why a step is held, an angle or a shoot is refused, or an asset is in review or rejected."""
