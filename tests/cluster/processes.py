"""The processes of the cluster: each with a log of its own, and ended in the reverse order whatever happens."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Self

from deploy.local import process
from schemas.errors import EnvironmentMissingError

_STOP_S: Final = 5.0
_QUOTED: Final = 600


class Processes:
    """Starts processes; as a context manager it ends them. The kernel does if the thread that started them ends."""

    def __init__(self, logs: Path) -> None:
        self.logs: Final = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        self.logs.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        for name in reversed(list(self._running)):
            self.stop(name)

    def start(self, name: str, command: Sequence[str | Path], environ: Mapping[str, str] | None = None) -> None:
        """Start a process that is called `name`; its output is appended to a log of that name."""
        with (self.logs / f"{name}.log").open("ab") as output:
            self._running[name] = process.start([*map(str, command)], output=output.fileno(), environ=environ)

    def check(self, name: str) -> None:
        """See that a process runs.

        Raises:
            EnvironmentMissingError: It has ended; the message quotes its log.
        """
        code = self._running[name].poll()
        if code is not None:
            log = self.logs / f"{name}.log"
            said = log.read_text(errors="replace")[-_QUOTED:].strip()
            raise EnvironmentMissingError(f"{name} ended with code {code}: {said} (see {log})")

    def stop(self, name: str) -> None:
        """End a process in order, or after a deadline at once."""
        process.stop(self._running.pop(name), deadline_s=_STOP_S)

    def kill(self, name: str) -> None:
        """End a process at once."""
        process.kill(self._running.pop(name))
