"""One run of `framebus up`: the supervised system, its log lines, its end in order."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from deploy.cli.console import err, out
from deploy.cli.interrupt import Interrupt, RunEndedError
from deploy.cli.local import Echo
from deploy.cli.service import set_up_logging
from deploy.local.kafka import KafkaRuntime
from deploy.local.ports import is_free
from deploy.local.restarting import answer, reachable
from deploy.local.stack import Stack
from schemas.errors import CatalogueError, EnvironmentMissingError
from schemas.settings import Settings

log = logging.getLogger(__name__)

_TICK_S: Final = 0.2
_LOCAL: Final = frozenset({"127.0.0.1", "localhost"})


def check_address(settings: Settings) -> None:
    """Check that a Kafka of our own can listen at the settings' address.

    Raises:
        EnvironmentMissingError: The address is not this machine's, or it is taken.
    """
    address = settings.bootstrap_servers
    host, _, port = address.rpartition(":")
    if host not in _LOCAL:
        raise EnvironmentMissingError(
            f"FRAMEBUS_BOOTSTRAP_SERVERS={address}: expected 127.0.0.1:PORT for a Kafka of our own; "
            f"to use a broker that exists, say so: --kafka {address}"
        )
    if not is_free(int(port)):
        raise EnvironmentMissingError(
            f"{address} is taken, so Kafka cannot listen there; if a broker does, use it: --kafka {address}; "
            "else choose another: FRAMEBUS_BOOTSTRAP_SERVERS=127.0.0.1:PORT"
        )


def run_up(settings: Settings, runtime: KafkaRuntime | None, *, folder: Path, models: Sequence[str]) -> None:
    """Keep everything running, with a worker for each of `models`, until Ctrl-C or SIGTERM."""
    set_up_logging(settings.log_level)
    echo = Echo(quiet=False)
    stack = Stack(settings, folder=folder, runtime=runtime, logs=folder / "logs", echo=echo, models=models)
    interrupt = Interrupt(at_once=stack.kill)
    with stack:
        try:
            with interrupt.raising():
                stack.start()
            out.print(f"page   [bold]{stack.page}[/]   kafka {stack.settings.bootstrap_servers}", soft_wrap=True)
            out.print(f"logs   {folder / 'logs'}   add a camera: framebus camera add --help", soft_wrap=True)
            with reachable(folder) as asked:
                while not interrupt.came:
                    interrupt.pause(_TICK_S)
                    stack.check()
                    if (named := asked()) is not None:
                        _restart(stack, named, interrupt, folder)
        except RunEndedError:
            pass
        err.print("stopping ...")


def _restart(stack: Stack, models: Sequence[str], interrupt: Interrupt, folder: Path) -> None:
    try:
        stack.restart(models, ended=lambda: interrupt.came)
    except (CatalogueError, EnvironmentMissingError) as error:
        log.error("restart failed reason=%s", error)  # noqa: TRY400 (the message says it all)
        answer(folder, error)
    else:
        log.info("restart done")
        answer(folder, None)
