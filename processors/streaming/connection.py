"""The broker connection of a Faust app, from the same settings as every other Kafka client."""

from __future__ import annotations

import ssl
from typing import Any

import faust

from schemas.errors import SettingsError
from schemas.settings import Settings


def broker_url(settings: Settings) -> str:
    """The bootstrap servers as Faust takes them."""
    return ";".join(f"kafka://{server}" for server in settings.bootstrap_servers.split(","))


def ssl_context(settings: Settings) -> ssl.SSLContext | None:
    """The TLS context that the settings ask for; None for a protocol without TLS.

    Raises:
        SettingsError: A certificate or key cannot be read.
    """
    if settings.security_protocol not in {"SSL", "SASL_SSL"}:
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ssl_ca_file)
        if settings.ssl_cert_file:
            password = settings.ssl_key_password.get_secret_value() if settings.ssl_key_password else None
            context.load_cert_chain(settings.ssl_cert_file, settings.ssl_key_file, password)
    except OSError as error:  # ssl.SSLError is one too
        files = (settings.ssl_ca_file, settings.ssl_cert_file, settings.ssl_key_file)
        named = ", ".join(str(file) for file in files if file) or "the system's certificates"
        raise SettingsError(f"TLS files {named}: {error}; expected readable PEM files that belong together") from None
    return context


def credentials(settings: Settings) -> Any:  # noqa: ANN401  # Faust is untyped here
    """Faust's credentials object; None for PLAINTEXT.

    Raises:
        SettingsError: A certificate or key cannot be read.
    """
    context = ssl_context(settings)
    if settings.security_protocol.startswith("SASL") and settings.sasl_password:
        return faust.SASLCredentials(
            username=settings.sasl_username,
            password=settings.sasl_password.get_secret_value(),
            mechanism=settings.sasl_mechanism,
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context else None
