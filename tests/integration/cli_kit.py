"""Runs verbs of the command line in this process, against the test's broker."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deploy.cli import main
from deploy.local.environment import environment_of
from schemas.settings import Settings

Run = Callable[..., tuple[int, str, str]]
"""Runs a verb; gives the exit code, stdout and stderr."""


def runner(settings: Settings, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """A function that runs a verb in the environment of the test's broker."""
    for name, value in environment_of(settings).items():
        monkeypatch.setenv(name, value)

    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert isinstance(ended.value.code, int)
        return ended.value.code, *capsys.readouterr()

    return call
