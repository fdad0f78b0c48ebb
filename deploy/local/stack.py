"""The whole system on this machine: a broker of its own or one that exists, topics, and supervised services."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, Self

from deploy import topics
from deploy.catalogue import read_catalogue
from deploy.local.environment import API_ENVIRONMENT, CAPTURE_ENVIRONMENT, WORKER_ENVIRONMENT, environment_of
from deploy.local.kafka import EmbeddedKafka, KafkaRuntime
from deploy.local.supervisor import Echo, Service, Supervisor
from deploy.services import API, CAPTURE, inference
from schemas.addresses import LOOPBACK, UNICAST
from schemas.cameras import Kind, kind_of
from schemas.errors import CatalogueError, EnvironmentMissingError
from schemas.messages import Camera
from schemas.printable import shown
from schemas.settings import API_TOKENS, ROOT_SEPARATOR, Settings

log = logging.getLogger(__name__)

# Together under ten seconds: capture stops first, so that workers see its last frames; the broker goes last.
CAPTURE_DEADLINE_S: Final = 4.5
WORKER_DEADLINE_S: Final = 3.5
API_DEADLINE_S: Final = 2.5
_WHOLE_S: Final = 9.5
_LEAST_S: Final = 1.0
_BROKER_RETRY_S: Final = 5.0


class Stack:
    """Broker, topics and services; as a context manager they end with the block, in order.

    The thread that starts it owns it: its processes die with that thread.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        folder: Path,
        runtime: KafkaRuntime | None,
        logs: Path,
        echo: Echo,
        models: Sequence[str] | None = None,
        throwaway: bool = False,
    ) -> None:
        """A stack that is not started yet; without a `runtime` it uses the broker of `settings`.

        The topics are those of the whole catalogue; `models`, by default the usual ones, get a worker.

        The broker's data are kept unless they are a `throwaway`: then its end need not be in order.
        """
        self._throwaway = throwaway
        self.catalogue = read_catalogue(settings)
        self._models = tuple(models or self.catalogue.usual)
        port = int(settings.bootstrap_servers.rpartition(":")[2])
        self._kafka = EmbeddedKafka(folder / "kafka", runtime, port=port) if runtime else None
        self._slots = folder / "slots"
        self._asked = with_open_sources(settings) if runtime else settings
        self._logs = logs
        self._echo = echo
        self._supervisor: Supervisor | None = None
        self._retry_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def settings(self) -> Settings:
        """Where the services are told to connect."""
        if self._kafka is None:
            return self._asked
        return self._asked.model_copy(update={"bootstrap_servers": self._kafka.bootstrap_servers})

    @property
    def page(self) -> str:
        """The page's address."""
        return f"http://{self._asked.api_host}:{self._asked.api_port}/"

    @property
    def supervisor(self) -> Supervisor:
        """The services; there are none before `start`."""
        if self._supervisor is None:
            raise EnvironmentMissingError("the stack was not started: it has no services yet")
        return self._supervisor

    def start(self) -> None:
        """Start the broker and the services, which wait for the topics, and provision these.

        Raises:
            EnvironmentMissingError: The broker does not start or answer, or refuses the topics.
        """
        if self._kafka is not None:
            self._kafka.launch()
        known = services(self.settings, self._models, slots=self._slots)
        self._supervisor = Supervisor(known, log_dir=self._logs, echo=self._echo)
        # A service loads its libraries for seconds: it does so while the broker starts.
        self._supervisor.start()
        if self._kafka is not None:
            self._kafka.await_ready()
        topics.apply(self.settings, self.catalogue)

    def check(self) -> None:
        """Start again what has ended, the broker included; never raises for it, the next call tries again."""
        if self._kafka is not None and not self._kafka.running and time.monotonic() >= self._retry_at:
            log.warning("kafka ended restarting=yes log=%s", self._kafka.previous_log_path)
            try:
                self._kafka.start()
            except EnvironmentMissingError as error:
                log.error("kafka does not start retry_in_s=%.0f reason=%s", _BROKER_RETRY_S, error)  # noqa: TRY400
                self._retry_at = time.monotonic() + _BROKER_RETRY_S
        self.supervisor.check()

    def restart(self, models: Sequence[str] = (), *, ended: Callable[[], bool] = lambda: False) -> None:
        """Put a new process in the place of each service's, one after the other, readers first: nothing is lost.

        With `models`, of their workers only. The new ones run the code that is installed now, with the catalogue as it
        is now. The broker, and the process that owns this stack, stay.

        Raises:
            CatalogueError: One of `models` has no worker here; nothing was replaced.
            EnvironmentMissingError: A new process did not begin to work: its service and those after it stay as they
                are.
        """
        for model in models:
            if model not in self._models:
                raise CatalogueError(f"model {shown(model)}: no worker here; expected one of {', '.join(self._models)}")
        workers = map(inference, models or self._models)
        for name in workers if models else (API, *workers, CAPTURE):
            self.supervisor.replace(name, ended=ended)

    def stop(self) -> None:
        """Stop capture, then the workers and the API, then the broker, each within its deadline."""
        deadline = time.monotonic() + _WHOLE_S
        if self._supervisor is not None:
            self._supervisor.stop()
        if self._kafka is None:
            return
        if self._throwaway:
            self._kafka.kill()
            return
        # What the services did not need is the broker's: an end in order spares its next start a recovery.
        in_order = self._kafka.stop(deadline_s=max(deadline - time.monotonic(), _LEAST_S))
        log.info("kafka stopped in_order=%s", in_order)

    def kill(self) -> None:
        """End everything at once."""
        if self._supervisor is not None:
            self._supervisor.kill()
        if self._kafka is not None:
            self._kafka.kill()


def with_open_sources(settings: Settings) -> Settings:
    """The settings for a broker of our own: cameras on loopback and files anywhere, unless they say so themselves.

    Who may write to such a broker is on this machine anyway.
    """
    ours = {"source_addresses": f"{UNICAST},{LOOPBACK}", "source_roots": "/"}
    return settings.model_copy(update={name: ours[name] for name in ours.keys() - settings.model_fields_set})


def with_files_of(settings: Settings, cameras: Iterable[Camera]) -> Settings:
    """The settings for a broker that is not ours: of files those of `cameras` only, unless they say so themselves."""

    if "source_roots" in settings.model_fields_set:
        return settings
    files = [str(Path(camera.source).absolute()) for camera in cameras if kind_of(camera.source) is Kind.PATH]
    return settings.model_copy(update={"source_roots": ROOT_SEPARATOR.join(files) or None})


def services(settings: Settings, models: Sequence[str], *, slots: Path | None = None) -> list[Service]:
    """The services of one machine: capture, one worker a model, the API; `slots` is where workers have their places."""
    environ = environment_of(settings, but=API_TOKENS)
    # Each service has metrics on a port of its own that it logs; the API shows its metrics beside its routes.
    measured = {**environ, "FRAMEBUS_METRICS_PORT": "0"}
    workers = [
        Service(
            inference(model),
            _command("inference", "--model", model),
            {
                **measured,
                **WORKER_ENVIRONMENT,
                "FRAMEBUS_GRACE": f"{WORKER_DEADLINE_S - 0.3:g}",
                **({"FRAMEBUS_SLOT": str(slots / model)} if slots else {}),
            },
            rank=1,
            stop_deadline_s=WORKER_DEADLINE_S,
            ready="partitions assigned",
        )
        for model in models
    ]
    capture = Service(
        CAPTURE,
        _command("capture"),
        {**measured, **CAPTURE_ENVIRONMENT},
        rank=0,
        stop_deadline_s=CAPTURE_DEADLINE_S,
        ready="cameras assigned",
    )
    return [
        *workers,
        capture,
        Service(
            API,
            _command("api"),
            {**environment_of(settings), **API_ENVIRONMENT},
            rank=1,
            stop_deadline_s=API_DEADLINE_S,
            ready="listening url",
            alone=True,
        ),
    ]


def _command(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "deploy.cli", "run", *arguments)
