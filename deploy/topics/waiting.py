"""A service's patience: the broker may come later than the service, and the topics later than the broker."""

from __future__ import annotations

import logging
import time
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.topics.coordinators import await_coordinators
from deploy.topics.plan import plan
from schemas.catalogue import Catalogue
from schemas.settings import Settings

log = logging.getLogger(__name__)

_ATTEMPT_S: Final = 2.0
_PAUSE_S: Final = 0.1
_SAY_S: Final = 10.0


def await_topics(settings: Settings, catalogue: Catalogue) -> None:
    """Wait until the broker answers, has every topic of the plan, and serves our groups; says now and then why not.

    Raises:
        EnvironmentMissingError: Everything is there, but the groups' coordinators do not answer.
    """
    names = {wanted.name for wanted in plan(settings, catalogue)}
    admin = AdminClient({**settings.librdkafka(), "log_level": 2})
    say_at = time.monotonic() + _SAY_S
    while missing := _missing(admin, names, settings.bootstrap_servers):
        if time.monotonic() >= say_at:
            log.warning("waiting for %s", missing)
            say_at = time.monotonic() + _SAY_S
        time.sleep(_PAUSE_S)
    await_coordinators(settings, (settings.names.inference_group(model.name) for model in catalogue.models))


def _missing(admin: AdminClient, names: set[str], where: str) -> str:
    try:
        missing = names - admin.list_topics(timeout=_ATTEMPT_S).topics.keys()
    except KafkaException as error:
        return f"kafka servers={where} reason={error.args[0].str()!r}"
    return f"topics topics={','.join(sorted(missing))} way_out='framebus topic apply'" if missing else ""
