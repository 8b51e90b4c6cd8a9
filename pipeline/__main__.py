"""`python -m pipeline` is the `catalog` command."""

from pipeline.core.kernels import take_kernels
from pipeline.core.process import importing

take_kernels()
with importing():
    from pipeline.cli.app import main

if __name__ == "__main__":
    main()
