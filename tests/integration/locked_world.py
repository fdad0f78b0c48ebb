"""A real broker that asks who is there: TLS, SCRAM, access lists of least privilege, one user a service."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import trustme
from confluent_kafka.admin import (
    AclBindingFilter,
    AdminClient,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from pydantic import SecretStr

from deploy import topics
from deploy.local.environment import environment_of, inherited
from deploy.local.kafka import EmbeddedKafka, KafkaRuntime
from deploy.local.locks import MECHANISM, Locks
from deploy.local.ports import free_port
from deploy.topics.acl import ADMIN, Acl, Rule, acl_plan, rules
from deploy.topics.acl_cluster import apply_acls, binding_of
from schemas.catalogue import Catalogue
from schemas.settings import Settings
from tests.planted import SASL_PASSWORD, TLS_KEY_PASSWORD, keep

SUPER_USER = "root-of-the-broker"
OTHER_PREFIX = "neighbour."


def password_of(user: str, common: str = SASL_PASSWORD) -> str:
    """Each user has a password of its own."""
    return f"{common}-of-{user}"


@dataclass
class LockedKafka:
    """The broker, and settings for each who may connect."""

    folder: Path
    kafka: EmbeddedKafka
    catalogue: Catalogue
    password: str = SASL_PASSWORD
    """What all passwords begin with."""
    prefix: str = "locked."
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def settings(self, service: str, *, user: str | None = None, prefix: str | None = None) -> Settings:
        """How `service` connects."""
        name = user or f"framebus-{service}"
        return Settings(
            bootstrap_servers=self.kafka.bootstrap_servers,
            prefix=prefix or self.prefix,
            security_protocol="SASL_SSL",
            sasl_username=name,
            sasl_password=SecretStr(password_of(name, self.password)),
            ssl_ca_file=self.folder / "ca.pem",
            ssl_cert_file=self.folder / "client.pem",
            ssl_key_file=self.folder / "client.key",
            ssl_key_password=SecretStr(TLS_KEY_PASSWORD),
            api_port=free_port(),
            source_roots=str(self.folder),
        )

    @property
    def super_user(self) -> Settings:
        return self.settings("", user=SUPER_USER)

    @property
    def rules(self) -> dict[str, tuple[Rule, ...]]:
        """What each service may do, by the plan."""
        return rules(self.super_user, self.catalogue)

    def provision(self) -> None:
        """Users, access lists, and the topics: these by the one who may only make topics."""
        self.add_users(self.rules)
        apply_acls(self.super_user, acl_plan(self.super_user, self.catalogue, {}))
        topics.apply(self.settings(ADMIN), self.catalogue)

    def add_users(self, services: Iterator[str] | dict[str, tuple[Rule, ...]]) -> None:
        admin = AdminClient(self.super_user.librdkafka())
        users = [f"framebus-{service}" for service in services]
        info = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
        wanted = [UserScramCredentialUpsertion(user, info, password_of(user, self.password).encode()) for user in users]
        for future in admin.alter_user_scram_credentials(wanted).values():
            future.result(10)

    def command(self, settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one verb to its end."""
        command = [sys.executable, "-m", "deploy.cli", *arguments]
        environ = self.environment(settings)
        return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)

    def start(self, settings: Settings, *arguments: str) -> Running:
        """Start `framebus run …`."""
        log = self.folder / f"{'-'.join(arguments[:1])}-{time.monotonic_ns()}.log"
        with log.open("wb") as output:
            command = [sys.executable, "-m", "deploy.cli", "run", *arguments]
            process = subprocess.Popen(command, env=self.environment(settings), stderr=output, stdout=output)
        self.started.append(process)
        return Running(process, log)

    def environment(self, settings: Settings) -> dict[str, str]:
        """The settings as a child reads them; the secrets from files, as it should be."""
        environ = environment_of(settings)
        for secret in ("FRAMEBUS_SASL_PASSWORD", "FRAMEBUS_SSL_KEY_PASSWORD"):
            file = self.folder / f"{secret}-{settings.sasl_username}"
            environ[f"{secret}_FILE"] = str(keep(file, environ.pop(secret)))
        return {**inherited(os.environ), **environ}


@dataclass
class Running:
    """A service that runs."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def said(self) -> str:
        return self.log.read_text()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(30)


@contextmanager
def locked_kafka(folder: Path, catalogue: Catalogue, *, password: str = SASL_PASSWORD) -> Iterator[LockedKafka]:
    """A locked broker with the topics and rules of the plan; all passwords begin with `password`."""
    authority = trustme.CA()
    write_certificate(authority, folder / "broker.pem", "127.0.0.1")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    write_client(authority, folder / "client.pem", folder / "client.key")
    admin = SecretStr(password_of(SUPER_USER, password))
    locks = Locks(folder / "broker.pem", folder / "ca.pem", SUPER_USER, admin)
    with EmbeddedKafka(folder / "kafka", KafkaRuntime.prepare(Settings()), locks=locks) as kafka:
        world = LockedKafka(folder, kafka, catalogue, password)
        assert world.super_user.librdkafka()["sasl.mechanism"] == MECHANISM
        try:
            world.provision()
            yield world
        finally:
            for process in world.started:
                if process.poll() is None:
                    process.kill()
                    process.wait(10)


def write_certificate(authority: trustme.CA, path: Path, *names: str) -> None:
    """A certificate and its key in one PEM file, the key in PKCS 8 as Java wants it."""
    leaf = authority.issue_cert(*names)
    key = load_pem_private_key(leaf.private_key_pem.bytes(), None)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(pem + b"".join(blob.bytes() for blob in leaf.cert_chain_pems))


def write_client(authority: trustme.CA, certificate: Path, key: Path) -> None:
    """A client's certificate, and its key, which a password encrypts."""
    leaf = authority.issue_cert("client.example")
    loaded = load_pem_private_key(leaf.private_key_pem.bytes(), None)
    encryption = BestAvailableEncryption(TLS_KEY_PASSWORD.encode())
    key.write_bytes(loaded.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    certificate.write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))


@contextmanager
def without(root: Settings, acl: Acl) -> Iterator[None]:
    """Take one rule away meanwhile, as the cluster's administrator."""
    binding, admin = binding_of(acl), AdminClient(root.librdkafka())
    fields = ("restype", "name", "resource_pattern_type", "principal", "host", "operation", "permission_type")
    exactly = AclBindingFilter(*(getattr(binding, field) for field in fields))
    (deleted,) = [future.result(10) for future in admin.delete_acls([exactly]).values()]
    assert len(deleted) == 1
    try:
        yield
    finally:
        for future in admin.create_acls([binding]).values():
            future.result(10)
