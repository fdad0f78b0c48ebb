from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from processors.streaming.connection import broker_url, credentials
from schemas.errors import SettingsError
from schemas.settings import Settings

SASL = {"sasl_username": "me", "sasl_password": "secret", "sasl_mechanism": "SCRAM-SHA-256"}


@pytest.mark.parametrize(
    ("given", "protocol", "mechanism", "tls"),
    [
        ({"security_protocol": "SSL"}, "SSL", None, True),
        ({"security_protocol": "SASL_PLAINTEXT", **SASL}, "SASL_PLAINTEXT", "SCRAM-SHA-256", False),
        ({"security_protocol": "SASL_SSL", **SASL}, "SASL_SSL", "SCRAM-SHA-256", True),
    ],
)
def test_credentials(given: dict[str, Any], protocol: str, mechanism: str | None, tls: bool) -> None:
    made = credentials(Settings(**given))
    assert made.protocol.value == protocol
    context = made.context if protocol == "SSL" else made.ssl_context
    assert (context is not None) is tls
    if mechanism:
        assert (made.mechanism.value, made.username, made.password) == (mechanism, "me", "secret")


def test_plaintext_needs_none() -> None:
    assert credentials(Settings()) is None


def test_several_servers() -> None:
    assert broker_url(Settings(bootstrap_servers="a:9092,b:9093")) == "kafka://a:9092;kafka://b:9093"


def test_a_certificate_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "ca.pem"
    with pytest.raises(SettingsError, match=r"ca\.pem"):
        credentials(Settings(security_protocol="SSL", ssl_ca_file=missing))
