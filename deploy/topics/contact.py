"""Asks a cluster for its topics, and says in our words why it does not let us in."""

from __future__ import annotations

import logging
import time
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from schemas.errors import EnvironmentMissingError, SettingsError
from schemas.settings import Settings

log = logging.getLogger(__name__)

_LIBRARY: Final = logging.getLogger(f"{__name__}.librdkafka")
_LIBRARY.setLevel(logging.CRITICAL)  # what it would print again and again, we say once


_LOOK_S: Final = 1.0


class KafkaRefusesError(EnvironmentMissingError):
    """The broker is there, and does not let us in: waiting will not help."""


class Contact:
    """An admin client; what the broker holds against us is part of the errors."""

    def __init__(self, settings: Settings) -> None:
        """Read the TLS files; nobody is called yet.

        Raises:
            SettingsError: A TLS file cannot be read.
        """
        self._settings = settings
        self._refusal: KafkaError | None = None
        try:
            self.admin = AdminClient({**settings.librdkafka(), "error_cb": self._note}, logger=_LIBRARY)
        except KafkaException as error:
            given = (settings.ssl_ca_file, settings.ssl_cert_file, settings.ssl_key_file)
            files = ", ".join(str(file) for file in given if file) or "none"
            raise SettingsError(
                f"TLS files {files}: {error.args[0].str()}; expected readable PEM files that belong together"
            ) from None

    def topics(self, timeout: float) -> dict[str, Any]:
        """The metadata of every topic that we may see, by name.

        Raises:
            KafkaRefusesError: The broker does not let us in.
            EnvironmentMissingError: Nobody answers within `timeout` seconds.
        """
        self._refusal = None
        deadline = time.monotonic() + timeout
        while True:
            try:
                # librdkafka goes on trying whatever the broker says: so look in between.
                found: dict[str, Any] = self.admin.list_topics(timeout=min(timeout, _LOOK_S)).topics
            except KafkaException as error:
                self.admin.poll(0)  # calls `_note`
                if self._refusal is not None:
                    raise KafkaRefusesError(_why(self._settings, self._refusal)) from None
                if time.monotonic() >= deadline:
                    raise self._silent(error) from None
            else:
                return found

    def _silent(self, error: KafkaException) -> EnvironmentMissingError:
        where = f"{self._settings.bootstrap_servers} with {self._settings.security_protocol}"
        return EnvironmentMissingError(f"no Kafka broker answers at {where} ({error.args[0].str()})")

    def _note(self, error: KafkaError) -> None:
        if error.code() in {KafkaError._AUTHENTICATION, KafkaError._SSL}:
            self._refusal = error


def _why(settings: Settings, refusal: KafkaError) -> str:
    servers = settings.bootstrap_servers
    reason = refusal.str().partition(": ")[2].partition(" (after ")[0] or refusal.str()
    if refusal.code() == KafkaError._SSL:
        authority = settings.ssl_ca_file or "the system's certificates"
        return (
            f"Kafka at {servers}: {reason}; check that FRAMEBUS_SSL_CA_FILE ({authority}) holds who signed its "
            "certificate, that the certificate names this address, and that the port speaks TLS"
        )
    return (
        f"Kafka at {servers} does not let user {settings.sasl_username!r} in: {reason}; check FRAMEBUS_SASL_USERNAME, "
        f"FRAMEBUS_SASL_PASSWORD_FILE and FRAMEBUS_SASL_MECHANISM={settings.sasl_mechanism}"
    )
