"""A service's patience: the broker may come later than the service, and the topics later than the broker."""

from __future__ import annotations

import logging
import time
from typing import Final

from deploy.topics.acl import Resource, Rule
from deploy.topics.contact import Contact, KafkaRefusesError
from deploy.topics.coordinators import await_coordinators
from deploy.topics.plan import plan
from schemas.catalogue import Catalogue
from schemas.errors import EnvironmentMissingError
from schemas.settings import Settings

log = logging.getLogger(__name__)

_ATTEMPT_S: Final = 2.0
_REFUSALS: Final = 2
"""A broker that is just starting may refuse whom it lets in a moment later."""
_PAUSE_S: Final = 0.1
_SAY_S: Final = 10.0


def await_topics(settings: Settings, catalogue: Catalogue, needs: tuple[Rule, ...] | None = None) -> None:
    """Wait until the broker answers, has every topic and serves every group of ours that `needs` name, or simply all.

    Says now and then what it waits for.

    Raises:
        KafkaRefusesError: The broker does not let us in.
        SettingsError: A TLS file cannot be read.
        EnvironmentMissingError: Everything is there, but the groups' coordinators do not answer.
    """
    names = {wanted.name for wanted in plan(settings, catalogue) if _covered(needs, Resource.TOPIC, wanted.name)}
    groups = (settings.names.inference_group(model.name) for model in catalogue.models)
    contact = Contact(settings)
    say_at = time.monotonic() + _SAY_S
    refusals = 0
    while True:
        try:
            missing = sorted(names - contact.topics(_ATTEMPT_S).keys())
            waits_for = f"topics topics={','.join(missing)} way_out={_way_out(settings)!r}"
        except KafkaRefusesError:
            refusals += 1
            if refusals >= _REFUSALS:
                raise
            continue
        except EnvironmentMissingError as error:
            missing, waits_for = ["kafka"], f"kafka reason={str(error)!r}"
        if not missing:
            break
        if time.monotonic() >= say_at:
            log.warning("waiting for %s", waits_for)
            say_at = time.monotonic() + _SAY_S
        time.sleep(_PAUSE_S)
    await_coordinators(settings, (group for group in groups if _covered(needs, Resource.GROUP, group)))


def _covered(needs: tuple[Rule, ...] | None, resource: Resource, name: str) -> bool:
    return needs is None or any(rule.covers(resource, name) for rule in needs)


def _way_out(settings: Settings) -> str:
    if not settings.sasl_username:
        return "framebus topic apply"
    return f"framebus topic apply, or framebus topic acl apply: user {settings.sasl_username} may not see them"
