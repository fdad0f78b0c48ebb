"""What this machine has and lacks, in words, with the ways out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Final

import psutil

from deploy.catalogue import read_catalogue
from deploy.local import jars
from deploy.local.java import find_java
from deploy.local.media import Media
from deploy.local.ports import is_free
from processors.samples.prepare import network_path
from schemas.catalogue import LocalFile, Model, PackageFile
from schemas.errors import CatalogueError, EnvironmentMissingError, FetchError
from schemas.settings import Settings

NEEDED_MEMORY_MB: Final = 1500
NEEDED_DISK_MB: Final = 3000
OPENCV_WAY_OUT: Final = "apt-get install libgl1 libglib2.0-0"
_ENTRY: Final = "correct the file that FRAMEBUS_CATALOGUE names"
_MB: Final = 1024 * 1024


class State(StrEnum):
    """How a check came out."""

    OK = "ok"
    LATER = "later"
    """Not here yet, but the first start fetches or builds it."""
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that is needed: what was found, and what to do if it is missing."""

    name: str
    state: State
    found: str
    ways_out: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.found}" + (f". Ways out: {self.ways_out}" if self.ways_out else "")


def examine(settings: Settings, models: Sequence[Model] | None = None, *, own_kafka: bool = True) -> list[Check]:
    """Every check; those of the embedded Kafka only where it is to run, and of the networks of `models`, or of all."""
    kafka = [_java(), _jars(settings), _kafka_port(settings)] if own_kafka else [_broker(settings)]
    networks = _networks(settings, models)
    return [
        *kafka,
        _opencv(),
        *networks,
        _videos(settings),
        _port(settings),
        _page(),
        _memory(),
        _disk(settings.cache_dir),
    ]


def require(checks: Iterable[Check]) -> None:
    """Go on only if nothing is missing.

    Raises:
        EnvironmentMissingError: Something is; the message is what the doctor says of it.
    """
    missing = [str(check) for check in checks if check.state is State.MISSING]
    if missing:
        raise EnvironmentMissingError("; ".join(missing))


def _java() -> Check:
    try:
        return Check("java", State.OK, str(find_java()))
    except EnvironmentMissingError as error:
        found, _, ways_out = str(error).partition(". Ways out: ")
        return Check("java", State.MISSING, found, ways_out)


def _jars(settings: Settings) -> Check:
    name = f"kafka {jars.VERSION}"
    cache = settings.cache_dir
    if os.environ.get("KAFKA_HOME"):
        return _attempt(name, lambda: f"{len(jars.find_jars(cache))} jars of KAFKA_HOME={os.environ['KAFKA_HOME']}")
    broken = jars.verify_jars(cache)
    folder = jars.jar_folder(cache)
    if broken:
        return Check(name, State.MISSING, f"damaged: {', '.join(broken)} in {folder}", f"remove {folder}")
    absent = jars.missing_jars(cache)
    if absent:
        return Check(name, State.LATER, f"{len(absent)} jars are to be fetched ({jars.MEGABYTES} MB at most)")
    return Check(name, State.OK, f"{len(jars.locked_jars())} jars in {folder}")


def _broker(settings: Settings) -> Check:
    from deploy.topics import cluster  # noqa: PLC0415  # the Kafka client

    return _attempt(
        "kafka",
        lambda: f"{len(cluster.brokers(settings))} brokers at {settings.bootstrap_servers}",
        ways_out="start it, correct the address, or leave out --kafka to have a local one",
    )


def _opencv() -> Check:
    """OpenCV's wheel needs two libraries of the system, which a bare server lacks."""
    probe = subprocess.run([sys.executable, "-c", "import cv2"], capture_output=True, text=True, check=False)
    if probe.returncode == 0:
        return Check("opencv", State.OK, "its libraries are there")
    reason = (probe.stderr.strip().splitlines() or ["no reason given"])[-1]
    return Check("opencv", State.MISSING, reason, OPENCV_WAY_OUT)


def _networks(settings: Settings, models: Sequence[Model] | None) -> list[Check]:
    try:
        models = models or read_catalogue(settings).models
    except CatalogueError as error:
        return [Check("catalogue", State.MISSING, str(error), _ENTRY)]
    return [_network(model, settings.cache_dir) for model in models]


def _network(model: Model, cache: Path) -> Check:
    name = f"network {model.name}"
    try:
        built = network_path(model, cache)
    except FetchError as error:
        return Check(name, State.MISSING, str(error), _ENTRY)
    if built.is_file():
        return Check(name, State.OK, str(built))
    size = f" ({model.source.megabytes:.0f} MB)" if isinstance(model.source, PackageFile) else ""
    what = "built" if isinstance(model.source, LocalFile) else f"fetched{size} and built"
    return Check(name, State.LATER, f"is to be {what}")


def _videos(settings: Settings) -> Check:
    missing = Media(settings.cache_dir).missing()
    if missing:
        return Check("videos", State.LATER, f"{', '.join(missing)} to be fetched for the demo (up to 110 MB)")
    return Check("videos", State.OK, "the demo's samples are in the cache")


def _port(settings: Settings) -> Check:
    host, port = settings.api_host, settings.api_port
    if port == 0 or is_free(port, host):
        return Check("port", State.OK, f"{host}:{port} is free for the page")
    return Check("port", State.LATER, f"{host}:{port} is taken; the page gets another port unless --port names one")


def _kafka_port(settings: Settings) -> Check:
    name, port = "kafka port", int(settings.bootstrap_servers.rpartition(":")[2])
    if is_free(port, "127.0.0.1"):
        return Check(name, State.OK, f"127.0.0.1:{port} is free for the local Kafka")
    found = f"127.0.0.1:{port} is taken; the demo takes another port, framebus up needs it"
    ways_out = f"a broker that is there: --kafka 127.0.0.1:{port}, or FRAMEBUS_BOOTSTRAP_SERVERS=127.0.0.1:<free port>"
    return Check(name, State.LATER, found, ways_out)


def _page() -> Check:
    index = files("api") / "dashboard" / "dist" / "index.html"
    if index.is_file():
        return Check("page", State.OK, str(index))
    return Check("page", State.MISSING, f"{index} is not built", "make page (needs Node.js 20 with npm)")


def _memory() -> Check:
    available = psutil.virtual_memory().available // _MB
    found = f"{available} MB available, {NEEDED_MEMORY_MB} MB needed"
    if available >= NEEDED_MEMORY_MB:
        return Check("memory", State.OK, found)
    return Check("memory", State.MISSING, found, "end other programs, or let Kafka run elsewhere: --kafka HOST:PORT")


def _disk(cache: Path) -> Check:
    existing = next(path for path in (cache, *cache.parents) if path.exists())
    free = shutil.disk_usage(existing).free // _MB
    found = f"{free} MB free at {existing}, {NEEDED_DISK_MB} MB needed"
    if free >= NEEDED_DISK_MB:
        return Check("disk", State.OK, found)
    return Check("disk", State.MISSING, found, "free some, or set FRAMEBUS_CACHE to a larger disk")


def _attempt(name: str, look: Callable[[], str], *, ways_out: str = "") -> Check:
    try:
        return Check(name, State.OK, look())
    except EnvironmentMissingError as error:
        return Check(name, State.MISSING, str(error), ways_out)
