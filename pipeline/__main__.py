"""`python -m pipeline` is the `catalog` command."""

from pipeline.cli.app import main

main()
