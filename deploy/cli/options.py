"""Options that several verbs share, and the settings that they give."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from schemas.settings import Settings

Kafka = Annotated[
    str | None,
    typer.Option("--kafka", metavar="HOST:PORT", help="A broker that exists; else FRAMEBUS_BOOTSTRAP_SERVERS."),
]

OtherKafka = Annotated[
    str | None,
    typer.Option("--kafka", metavar="HOST:PORT", help="Use a broker that exists instead of one of our own."),
]


def read_settings(kafka: str | None = None) -> Settings:
    """The settings of the environment, with the broker's address from the command line if it was given there.

    Raises:
        SettingsError: A variable is unknown or wrong, or the address is no HOST:PORT.
    """
    environ = dict(os.environ)
    if kafka is not None:
        environ["FRAMEBUS_BOOTSTRAP_SERVERS"] = kafka
    return Settings.from_environment(environ)
