"""One file per stage, one public `run` each."""
