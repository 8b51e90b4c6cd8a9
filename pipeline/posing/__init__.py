"""Camera poses: SfM, the product frame, coverage of angles."""
