"""A sink as its own process, with what it logs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from deploy.local.environment import environment_of, inherited
from schemas.settings import Settings
from tests.integration.api_world import MODEL, wait_for
from tests.planted import SINK_SECRET, keep

NAME = "door-opener"
SECRET = f"whsec_{SINK_SECRET}"


@dataclass
class Sink:
    """A `framebus run sink` that runs, or ran."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text()

    def says(self, text: str) -> None:
        wait_for(lambda: text in self.said or self.process.poll() is not None, seconds=60)
        assert text in self.said, self.said

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(30)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)


@contextmanager
def sink(settings: Settings, url: str, folder: Path, *options: str, name: str = NAME) -> Iterator[Sink]:
    """Runs until the block ends; from the beginning, with the test's model, and what `options` say."""
    number = len(list(folder.glob("sink-*.log")))
    secret = keep(folder / f"sink-secret-{number}", SECRET)
    where = keep(folder / f"sink-url-{number}", url)
    environ = {
        **inherited(os.environ),
        **environment_of(settings),
        "FRAMEBUS_SINK_SECRET_FILE": str(secret),
        "FRAMEBUS_SINK_URL_FILE": str(where),
    }
    log = folder / f"sink-{number}.log"
    command = [sys.executable, "-m", "deploy.cli", "run", "sink", "--name", name, "--model", MODEL, "--from-beginning"]
    with log.open("wb") as output:
        process = subprocess.Popen([*command, *options], env=environ, stderr=output, stdout=output)
    try:
        yield Sink(process, log)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)


def with_sink(settings: Settings, url: str) -> Settings:
    """The settings of a sink in this process."""
    return settings.model_copy(update={"sink_url": SecretStr(url), "sink_secret": SecretStr(SECRET)})
