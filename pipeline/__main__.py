"""`python -m pipeline` is the `catalog` command."""

from pipeline.core.process import importing

with importing():
    from pipeline.cli.app import main

if __name__ == "__main__":
    main()
