"""`python -m pipeline` is the `catalog` command."""

from pipeline.cli import main

main()
