"""What `demo` and `up` share: set-up with progress, log lines on the terminal, a port for the page."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import psutil
from rich.text import Text

from api.access.access import check_doors
from deploy.catalogue import read_catalogue
from deploy.cli.console import err, progress_bars
from deploy.local.doctor import examine, require
from deploy.local.kafka import KafkaRuntime
from deploy.local.media import Media, sample_cameras
from deploy.local.ports import free_port, is_free
from deploy.local.tiers import set_up_tiers
from processors.samples.tiers import ready_tier
from schemas.cameras import check_camera
from schemas.catalogue import Catalogue
from schemas.errors import EnvironmentMissingError
from schemas.messages import Camera
from schemas.settings import Settings

_STYLES: Final = ("cyan", "magenta", "green", "blue", "yellow")
_LINE: Final = re.compile(r"\S+Z (?P<level>[A-Z]+) ")


def set_up(
    settings: Settings, *, own_kafka: bool, samples: bool, models: Sequence[str] | None = None
) -> tuple[KafkaRuntime | None, tuple[Camera, ...]]:
    """Fetch and build what is needed, each step with its progress: Kafka, networks and, for `samples`, videos.

    Built-in networks are quantised and measured once; where that fails, a warning says so, and they run in floats.

    Raises:
        CatalogueError: The user's file of models is wrong, or one of `models` does not exist.
        EnvironmentMissingError: The machine lacks something; the message is the doctor's.
        FetchError: Something cannot be fetched.
        ModelError: A network cannot be built, or its entry asks for INT8 and it was not quantised.
        SettingsError: Other machines could call the API, and there is no token.
    """
    catalogue = read_catalogue(settings)
    wanted = [catalogue.get(name) for name in models or catalogue.usual]
    check_doors(settings)
    require(examine(settings, wanted, own_kafka=own_kafka))
    with progress_bars() as progress:
        runtime = KafkaRuntime.prepare(settings, progress=progress) if own_kafka else None
        for model in wanted:
            ready_tier(model, settings.cache_dir, progress=progress)
        for failure in set_up_tiers(wanted, settings.cache_dir, progress=progress):
            err.print(failure, style="yellow", markup=False, soft_wrap=True)
        cameras = sample_cameras(Media(settings.cache_dir, progress)) if samples else ()
    return runtime, cameras


def with_page_port(settings: Settings, port: int | None) -> Settings:
    """The settings with a port for the page: the one asked for, else the usual one, else a free one.

    Raises:
        EnvironmentMissingError: The port that was asked for is taken.
    """
    host = settings.api_host
    if port and not is_free(port, host):
        raise EnvironmentMissingError(f"--port {port}: it is taken on {host}; expected a free port, or none to choose")
    chosen = port or settings.api_port
    if not chosen or not is_free(chosen, host):
        chosen = free_port(host=host)
    return settings.model_copy(update={"api_port": chosen})


class Echo:
    """Shows lines of services with their names in front; `quiet` shows warnings and errors only."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._styles: dict[str, str] = {}

    def __call__(self, service: str, line: str) -> None:
        match = _LINE.match(line)
        if self._quiet and match and match["level"] in {"DEBUG", "INFO"}:
            return
        style = self._styles.setdefault(service, _STYLES[len(self._styles) % len(_STYLES)])
        err.print(Text.assemble((f"{service:>26} ", style), line), soft_wrap=True)


def clear_stale_runs(folder: Path) -> None:
    """Remove what runs left behind that were killed: folders `run-<pid>` of processes that are no more."""
    for path in folder.glob("run-*"):
        pid = path.name.removeprefix("run-")
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(path, ignore_errors=True)


def fresh_logs(folder: Path) -> Path:
    """The folder for this run's service logs; those of the run before are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.log"):
        path.unlink(missing_ok=True)
    return folder


def run_folder(state: Path) -> Path:
    """A folder of this process's own, to be removed at its end."""
    clear_stale_runs(state)
    folder = state / f"run-{os.getpid()}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def own_cameras(camera: int | None, sources: Iterable[str], catalogue: Catalogue) -> tuple[Camera, ...]:
    """The user's own cameras beside the samples, for every usual model: a USB device's number, files and URLs.

    Raises:
        CameraError: A source is of no known kind, or holds a secret.
    """
    given = ([f"{camera}"] if camera is not None else []) + list(sources)
    own = tuple(
        Camera(id=f"own-{number}", source=source, models=catalogue.usual) for number, source in enumerate(given, 1)
    )
    for one in own:
        check_camera(one, catalogue)
    return own
