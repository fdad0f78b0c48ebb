"""redis-server from Debian, for the benchmark alone."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil
import redis

from deploy.local import process
from deploy.local.ports import free_port
from schemas.errors import FetchError
from tests.benchmarks.ways.loops import FRAMES_LIST
from tests.debian import find_program

PACKAGES: Final = ("redis-server", "redis-tools", "libjemalloc2", "liblzf1", "libatomic1")
"""The server is a link into the tools; the rest is what it is linked to and a small system may lack."""
_READY_S: Final = 10.0


def find_redis(cache: Path) -> Path:
    """The installed redis-server, else Debian's, unpacked in `cache`.

    Raises:
        FetchError: There is neither.
    """
    return find_program("redis-server", *PACKAGES, cache=cache)


class RedisServer:
    """A running server on a port of loopback."""

    def __init__(self, port: int, pid: int) -> None:
        self.port = port
        self._process = psutil.Process(pid)
        self._client = redis.Redis(port=port)

    def await_ready(self) -> None:
        """Wait until it answers.

        Raises:
            FetchError: It does not.
        """
        deadline = time.monotonic() + _READY_S
        while True:
            try:
                self._client.ping()
            except redis.ConnectionError as error:
                if time.monotonic() > deadline or not self._process.is_running():
                    raise FetchError(f"redis-server: no answer within {_READY_S:.0f} s: {error}") from None
                time.sleep(0.05)
            else:
                return

    def fill(self, frames: Sequence[bytes], count: int) -> None:
        """Let the list have just so many frames."""
        pipe = self._client.pipeline(transaction=False)
        pipe.delete(FRAMES_LIST)
        for number in range(count):
            pipe.rpush(FRAMES_LIST, frames[number % len(frames)])
        pipe.execute()

    def cpu_s(self) -> float:
        """The CPU seconds that it has used."""
        times = self._process.cpu_times()
        return float(times.user + times.system)


@contextmanager
def running_redis(server: Path, log: Path) -> Iterator[RedisServer]:
    """The server, without a disk, while the block runs."""
    port = free_port()
    libraries = [str(path) for path in server.parents[1].glob("lib/*-linux-gnu")] if len(server.parents) > 2 else []
    command = [str(server), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with log.open("wb") as output:
        started = process.start(command, output=output.fileno(), environ={"LD_LIBRARY_PATH": ":".join(libraries)})
    try:
        found = RedisServer(port, started.pid)
        found.await_ready()
        yield found
    finally:
        process.stop(started, deadline_s=5.0)
