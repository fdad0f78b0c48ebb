"""Options that several verbs share, and the settings that they give."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from deploy.cli.secret_files import with_secret_files
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
        SettingsError: A variable is unknown or wrong, a secret's file is not fit, or the address is no HOST:PORT.
    """
    environ = with_secret_files(os.environ)
    if kafka is not None:
        environ["FRAMEBUS_BOOTSTRAP_SERVERS"] = kafka
    return Settings.from_environment(environ)


def reach_kafka(kafka: str | None = None) -> Settings:
    """As `read_settings`, for verbs that read for minutes: a broker that is away or refuses is told within seconds.

    Raises:
        SettingsError: As `read_settings`.
        EnvironmentMissingError: No broker answers, or it does not let us in.
    """
    from deploy.topics.cluster import meet  # noqa: PLC0415  # the Kafka client, which --help does without

    settings = read_settings(kafka)
    meet(settings)
    return settings
