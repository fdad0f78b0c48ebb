"""Who is not let in to a locked broker, or does not trust it, is told quickly and in words what to check."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from pydantic import SecretStr

from deploy.services import CAPTURE, inference
from deploy.topics import await_topics
from schemas.catalogue import Catalogue
from schemas.catalogue.builtin import FACE_DETECTION
from schemas.errors import EnvironmentMissingError, SettingsError
from schemas.settings import Settings
from tests.integration.locked_world import LockedKafka, locked_kafka
from tests.planted import SASL_PASSWORD, TLS_KEY_PASSWORD

MODEL = FACE_DETECTION.name


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue) -> Iterator[LockedKafka]:
    with locked_kafka(tmp_path_factory.mktemp("locked"), catalogue) as world:
        yield world


def wrong_password(settings: Settings, _: Path) -> Settings:
    return settings.model_copy(update={"sasl_password": SecretStr(f"{SASL_PASSWORD}-that-is-wrong")})


def unknown_user(settings: Settings, _: Path) -> Settings:
    return settings.model_copy(update={"sasl_username": "framebus-nobody"})


def other_mechanism(settings: Settings, _: Path) -> Settings:
    return settings.model_copy(update={"sasl_mechanism": "SCRAM-SHA-256"})


def other_authority(settings: Settings, folder: Path) -> Settings:
    trustme.CA().cert_pem.write_to_path(str(folder / "other.pem"))
    return settings.model_copy(update={"ssl_ca_file": folder / "other.pem"})


def other_name(settings: Settings, _: Path) -> Settings:
    # The certificate is for 127.0.0.1; this name leads there too.
    return settings.model_copy(
        update={"bootstrap_servers": settings.bootstrap_servers.replace("127.0.0.1", "localhost")}
    )


def wrong_key_password(settings: Settings, _: Path) -> Settings:
    return settings.model_copy(update={"ssl_key_password": SecretStr(f"{TLS_KEY_PASSWORD}-that-is-wrong")})


def no_file(settings: Settings, folder: Path) -> Settings:
    return settings.model_copy(update={"ssl_ca_file": folder / "nowhere.pem"})


WRONG = [
    (wrong_password, ("does not let user 'framebus-capture' in", "FRAMEBUS_SASL_PASSWORD_FILE")),
    (unknown_user, ("does not let user 'framebus-nobody' in", "FRAMEBUS_SASL_USERNAME")),
    (other_mechanism, ("FRAMEBUS_SASL_MECHANISM=SCRAM-SHA-256", "SCRAM-SHA-512")),
    (other_authority, ("certificate verify failed", "FRAMEBUS_SSL_CA_FILE", "other.pem")),
    (other_name, ("certificate verify failed", "the certificate names this address")),
    (wrong_key_password, ("TLS files", "client.key")),
    (no_file, ("TLS files", "nowhere.pem", "expected readable PEM files")),
]


@pytest.mark.parametrize(("change", "words"), WRONG, ids=lambda value: getattr(value, "__name__", ""))
def test_who_is_not_let_in_is_told_quickly_what_to_check(
    locked: LockedKafka, tmp_path: Path, change: Callable[[Settings, Path], Settings], words: tuple[str, ...]
) -> None:
    settings = change(locked.settings(CAPTURE), tmp_path)
    with pytest.raises((EnvironmentMissingError, SettingsError)) as caught:
        await_topics(settings, locked.catalogue, locked.rules[CAPTURE])
    assert all(word in str(caught.value) for word in words), caught.value
    assert "planted" not in str(caught.value)


_WORKER = """
import logging, os, sys
from processors.metrics import WorkerMetrics
from processors.streaming.serve import run_worker
from prometheus_client import CollectorRegistry
from schemas.catalogue import Catalogue
from deploy.cli.options import read_settings
from tests.streaming_worker import FakeCore
logging.basicConfig(stream=sys.stderr, level=logging.INFO)
settings, model = read_settings(), Catalogue().get("face-detection")
os._exit(run_worker(settings, model, FakeCore(settings, 0.01, 1), WorkerMetrics(model.name, CollectorRegistry())))
"""


@pytest.mark.parametrize(
    ("change", "words"),
    [(wrong_password, "invalid credentials"), (other_authority, "CERTIFICATE_VERIFY_FAILED"), (other_name, "mismatch")],
)
def test_a_worker_that_is_not_let_in_ends_and_says_why(
    locked: LockedKafka, tmp_path: Path, change: Callable[[Settings, Path], Settings], words: str
) -> None:
    """Its own Kafka client checks certificates and names too; without the look beforehand that `framebus run` takes."""
    settings = change(locked.settings(inference(MODEL)), tmp_path)
    command = [sys.executable, "-c", _WORKER]
    environ = locked.environment(settings)
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1, ended.stderr
    assert words in ended.stderr
    assert "planted" not in ended.stderr
