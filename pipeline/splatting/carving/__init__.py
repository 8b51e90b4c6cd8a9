"""The visual hull of the mattes, and plane sweeps through it."""
