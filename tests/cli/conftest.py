"""The command line in this process."""

import sys

import pytest

from pipeline.cli.app import main


@pytest.fixture
def catalog(monkeypatch, capsys):
    """Run a command in this process; return its exit code, stdout and stderr."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["catalog", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            main()
        return (exit_.value.code or 0, *capsys.readouterr())

    return run
