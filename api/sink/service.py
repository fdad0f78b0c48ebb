"""Runs a sink until it is told to end, or its receiver wants no more."""

from __future__ import annotations

import asyncio
import logging
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from pydantic import SecretStr

from api.results import ResultReader
from api.sink.aside import Aside
from api.sink.courier import Courier
from api.sink.options import SinkOptions
from api.sink.receiver import Receiver
from api.sink.signature import Signer
from schemas.errors import ReceiverGoneError, SettingsError
from schemas.settings import Settings

log = logging.getLogger(__name__)

BATCH: Final = 200
"""Results that are under way together, and the most that a killed sink sends again, with those of a second before."""
_POLL_S: Final = 0.5
_STAY_S: Final = 1.0


def check(settings: Settings) -> None:
    """Make sure that there is a receiver, and something to sign with.

    Raises:
        SettingsError: There is not.
    """
    _needed(settings.sink_url, "FRAMEBUS_SINK_URL")
    _needed(settings.sink_secret, "FRAMEBUS_SINK_SECRET")


def run(settings: Settings, options: SinkOptions) -> int:
    """Deliver until SIGTERM or SIGINT; returns the exit code.

    Raises:
        SettingsError: There is no receiver, or nothing to sign with.
        ReceiverGoneError: The receiver wants no more.
        EnvironmentMissingError: Kafka gives no positions.
    """
    return asyncio.run(_run(settings, options))


async def _run(settings: Settings, options: SinkOptions) -> int:
    url, secret = _needed(settings.sink_url, "FRAMEBUS_SINK_URL"), _needed(settings.sink_secret, "FRAMEBUS_SINK_SECRET")
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    receiver = Receiver(url, ca_file=settings.sink_ca_file, timeout_s=options.timeout_s, in_flight=options.in_flight)
    async with receiver:
        courier = Courier(options, receiver, Signer(secret), Aside(settings), ending)
        log.info("delivering sink=%s models=%s receiver=%s", options.name, ",".join(options.models), receiver.host)
        await _serve(settings, options, courier, ending)
    if courier.gone is not None:
        raise ReceiverGoneError(f"sink {options.name}: {receiver.host} wants no more results: {courier.gone}")
    log.info("ended")
    return 0


async def _serve(settings: Settings, options: SinkOptions, courier: Courier, ending: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    # The reader is for one thread.
    with ThreadPoolExecutor(1, "results") as thread:
        reader = await loop.run_in_executor(thread, _join, settings, options)
        try:
            while not ending.is_set():
                courier.begin(await loop.run_in_executor(thread, lambda: reader.poll(_POLL_S, limit=BATCH)))
                while courier.busy:
                    await courier.settle(_STAY_S)
                    if ending.is_set():
                        await courier.settle(settings.grace)
                        await courier.give_up()
                    await loop.run_in_executor(thread, reader.stay, courier.undone)
        finally:
            await courier.give_up()
            await loop.run_in_executor(thread, reader.close)


def _needed(secret: SecretStr | None, variable: str) -> SecretStr:
    if secret is None:
        raise SettingsError(f"a sink needs {variable} (better: {variable}_FILE)")
    return secret


def _join(settings: Settings, options: SinkOptions) -> ResultReader:
    return ResultReader(settings, options.models, group=options.name, from_beginning=options.from_beginning)
