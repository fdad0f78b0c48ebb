"""Settings from FRAMEBUS_… variables, read once and frozen; one definition for every Kafka client."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from schemas.addresses import AddressRule
from schemas.errors import SettingsError
from schemas.names import Names
from schemas.printable import SHOWN, printable, shown

ENVIRONMENT_PREFIX: Final = "FRAMEBUS_"
RECORD_OVERHEAD: Final = 64 * 1024
"""Bytes that a record may have above its value: headers, key and framing."""

TOKEN_LENGTH: Final = 16
"""A token that a program may guess at leisure must be long; `framebus token` makes one of 43 characters."""
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/=-]{16,512}")
"""What RFC 6750 lets a client send after `Authorization: Bearer`."""
WEBHOOK_PREFIX: Final = "whsec_"
_KEY_LEAST: Final = 24
_KEY_MOST: Final = 64
_RECEIVER: Final = re.compile(r"https?://[^\s/?#]+([/?][^\s#]*)?")
_NAMES: Final = r"^([^\s,/@]+(,[^\s,/@]+)*)?$"


_GATEWAY: Final = re.compile(r"https?://[A-Za-z0-9.:\[\]_-]+(/[A-Za-z0-9._~/-]*)?")
"""Neither a user nor a parameter: nothing of it is a secret, so it may stand in logs."""


def _check_token(token: SecretStr) -> SecretStr:
    if not _TOKEN.fullmatch(token.get_secret_value()):
        raise ValueError(
            f"expected {TOKEN_LENGTH} to 512 letters, digits and any of ._~+/=- in one line (framebus token makes one)"
        )
    return token


def webhook_key(secret: str) -> bytes:
    """The bytes of a secret as Standard Webhooks has them.

    Raises:
        ValueError: They are none, or too few to be secret.
    """
    try:
        key = b64decode(secret.removeprefix(WEBHOOK_PREFIX), validate=True)
    except ValueError:
        key = b""
    if not (secret.startswith(WEBHOOK_PREFIX) and _KEY_LEAST <= len(key) <= _KEY_MOST):
        raise ValueError(
            f"expected {WEBHOOK_PREFIX} and {_KEY_LEAST} to {_KEY_MOST} bytes in base64 "
            "(framebus token --webhook makes one)"
        )
    return key


def _check_proxy(proxy: str) -> None:
    """Refuse what uvicorn would compare as text with the peer's address, and what would trust everybody."""
    expected = "expected addresses or networks, as 10.0.0.5 or 10.1.0.0/16, with commas between them"
    try:
        is_everybody = ip_network(proxy).prefixlen == 0
    except ValueError:
        raise ValueError(f"{shown(proxy)} is no address and no network: {expected}") from None
    if is_everybody:
        raise ValueError(f"{shown(proxy)} is everybody, who could then choose their addresses: {expected}")


Token = Annotated[SecretStr, AfterValidator(_check_token)]
ROOT_SEPARATOR: Final = ":"

SecurityProtocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
SaslMechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


class Settings(BaseModel):
    """What a service needs to know about its surroundings; each field is the variable `FRAMEBUS_<FIELD>`."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True)

    bootstrap_servers: str = Field(default="127.0.0.1:9092", pattern=r"^[^\s,]+:\d+(,[^\s,]+:\d+)*$")
    """The brokers that are asked first, HOST:PORT, with commas between them."""
    prefix: str = Field(default="framebus.", pattern=r"^[a-zA-Z0-9._-]{0,64}$")
    """What the names of all topics and groups begin with; each installation on a shared cluster has its own."""
    security_protocol: SecurityProtocol = "PLAINTEXT"
    """How the brokers are spoken to."""
    sasl_mechanism: SaslMechanism = "SCRAM-SHA-512"
    """How user and password are shown to brokers that are spoken to by SASL."""
    sasl_username: str | None = None
    """The service's Kafka user."""
    sasl_password: SecretStr | None = None
    """And its password."""
    ssl_ca_file: Path | None = None
    """Who signed the brokers' certificates (PEM); without it, the system's authorities."""
    ssl_cert_file: Path | None = None
    """Our own certificate (PEM), where brokers ask for one."""
    ssl_key_file: Path | None = None
    """And its key."""
    ssl_key_password: SecretStr | None = None
    """What that key is locked with."""
    frame_limit_bytes: int = Field(default=1024 * 1024, ge=16 * 1024, le=64 * 1024 * 1024)
    """The largest JPEG; producers, topics, fetches and dead letters all have this limit."""
    frame_limit_pixels: int = Field(default=50_000_000, ge=1)
    """The largest picture that is decoded: a small JPEG may hold a huge one."""
    site: str = Field(default="default", pattern=r"^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$")
    """Where capture runs: it takes the cameras of this site."""
    camera_passwords: Path | None = None
    """A folder with a file for each camera host, named `host` or `host_port`, that holds the password of the URL's
    user."""
    source_addresses: str = "unicast"
    """Where cameras may be: `unicast`, `loopback`, networks as 10.0.0.0/8, with commas between them."""
    source_roots: str | None = None
    """The folders that files and folders of pictures may be in, `:` between them (`/`: anywhere); without it, none."""
    source_ca_file: Path | None = None
    """Certificates, besides the system's, that cameras behind https:// and rtsps:// may show."""
    source_tls: Literal["verify", "encrypt"] = "verify"
    """Whether those cameras must show a certificate that is valid for their host."""
    grace: float = Field(default=30.0, gt=0)
    """Seconds after SIGTERM in which a worker finishes what it took, commits and leaves; then it is killed."""
    slot: Path | None = None
    """A worker's place on this machine: a file, by which one that is started again need not wait for the session of its
    predecessor, which was killed."""
    catalogue: Path | None = None
    """A YAML file of models, beside the built-in ones or in their place."""
    replication_factor: int = Field(default=1, ge=1)
    """Of new topics; from 3 on, two replicas must acknowledge a record."""
    cache: Path = Path("~/.cache/framebus")
    """Where networks, videos and Kafka are kept once they were fetched."""
    api_host: str = "127.0.0.1"
    """The address that the API listens on; beyond loopback only with a token."""
    api_port: int = Field(default=8080, ge=0, le=65535)
    """Its port; 0: a free one."""
    api_viewer_token: Token | None = None
    """Who shows it may read everything that the API has."""
    api_operator_token: Token | None = None
    """Who shows it may also change things."""
    api_hosts: str = Field(default="", pattern=_NAMES)
    """The names, with commas, by which browsers may call the API; addresses and localhost always are."""
    api_trusted_proxies: str = ""
    """Addresses and networks, with commas, of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed."""
    api_requests_per_second: int = Field(default=500, ge=1)
    """Of one client address, where tokens are set; twice as many may come at once."""
    api_stream_clients: int = Field(default=1024, ge=1, le=50_000)
    """Clients of the live stream at once, by SSE and WebSocket; each is a connection, and a file descriptor."""
    sink_url: SecretStr | None = None
    """Where a sink POSTs results: http:// or https://, with a user and parameters, or none."""
    sink_secret: SecretStr | None = None
    """What a sink signs with: `whsec_` and 24 to 64 bytes in base64; a second one, after a space, while they change."""
    sink_ca_file: Path | None = None
    """Certificates, besides the system's, that the receiver may show."""
    metrics_host: str = "127.0.0.1"
    """The address on which capture and workers serve their metrics."""
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """And the port; without it they serve none."""
    pushgateway: str | None = None
    """Where capture and workers push their metrics, http://HOST:PORT, if they cannot be scraped."""
    pushgateway_interval: float = Field(default=15.0, ge=1, le=3600)
    """Seconds between two pushes."""
    trace_ratio: float = Field(default=0.0, ge=0, le=1)
    """The share of frames that capture begins a trace for; what has one is traced on. 0: nothing is loaded."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """The least that is logged."""

    @field_validator("source_addresses")
    @classmethod
    def _addresses(cls, value: str) -> str:
        AddressRule.parse(value)
        return value

    @field_validator("source_roots")
    @classmethod
    def _roots(cls, value: str | None) -> str | None:
        for root in (value or "").split(ROOT_SEPARATOR) if value is not None else ():
            if not root.startswith("/"):
                raise ValueError(f"folder {root!r}: expected absolute paths with {ROOT_SEPARATOR} between them")
        return value

    @field_validator("pushgateway", mode="before")
    @classmethod
    def _gateway(cls, value: str | None) -> str | None:
        if value is not None and not _GATEWAY.fullmatch(value):
            raise ValueError("expected http://HOST:PORT or https://HOST:PORT, with a path or none, and no user in it")
        return value

    @field_validator("sink_url")
    @classmethod
    def _receiver(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _RECEIVER.fullmatch(value.get_secret_value()):
            raise ValueError("expected http://HOST or https://HOST, with a port, a path and parameters, or none")
        return value

    @field_validator("sink_secret")
    @classmethod
    def _webhook_secrets(cls, value: SecretStr | None) -> SecretStr | None:
        for one in value.get_secret_value().split(" ") if value is not None else ():
            webhook_key(one)
        return value

    @field_validator("api_trusted_proxies")
    @classmethod
    def _proxies(cls, value: str) -> str:
        for proxy in value.split(",") if value else ():
            _check_proxy(proxy)
        return value

    @model_validator(mode="after")
    def _complete_credentials(self) -> Self:
        if self.security_protocol.startswith("SASL") and not (self.sasl_username and self.sasl_password):
            raise ValueError(
                f"FRAMEBUS_SECURITY_PROTOCOL={self.security_protocol} "
                "needs FRAMEBUS_SASL_USERNAME and FRAMEBUS_SASL_PASSWORD (better: FRAMEBUS_SASL_PASSWORD_FILE)"
            )
        if (self.ssl_cert_file is None) != (self.ssl_key_file is None):
            raise ValueError("FRAMEBUS_SSL_CERT_FILE and FRAMEBUS_SSL_KEY_FILE are needed together")
        if self.api_viewer_token and self.api_viewer_token == self.api_operator_token:
            raise ValueError("FRAMEBUS_API_VIEWER_TOKEN and FRAMEBUS_API_OPERATOR_TOKEN are the same: expected two")
        return self

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Settings from the `FRAMEBUS_…` variables of `environ`.

        Raises:
            SettingsError: A variable with our prefix is unknown, or its value is not what its field expects.
        """
        given = {
            name.removeprefix(ENVIRONMENT_PREFIX).lower(): value
            for name, value in environ.items()
            if name.startswith(ENVIRONMENT_PREFIX)
        }
        unknown = sorted(given.keys() - cls.model_fields.keys())
        if unknown:
            variables = ", ".join(ENVIRONMENT_PREFIX + name.upper() for name in unknown)
            expected = ", ".join(ENVIRONMENT_PREFIX + name.upper() for name in cls.model_fields)
            raise SettingsError(f"unknown variable {printable(variables, 2 * SHOWN)}; expected one of {expected}")
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            raise SettingsError("; ".join(_explain(detail, given) for detail in error.errors())) from None

    @property
    def names(self) -> Names:
        """Topic and group names under this prefix."""
        return Names(self.prefix)

    @property
    def record_limit_bytes(self) -> int:
        """The one size limit that producer, topic, fetch and dead letters share."""
        return self.frame_limit_bytes + RECORD_OVERHEAD

    @property
    def cache_dir(self) -> Path:
        """Where fetched and built files are kept."""
        return self.cache.expanduser()

    def librdkafka(self) -> dict[str, Any]:
        """The connection part of a confluent-kafka client's configuration."""
        config: dict[str, Any] = {
            "bootstrap.servers": self.bootstrap_servers,
            "security.protocol": self.security_protocol,
        }
        if self.security_protocol.startswith("SASL") and self.sasl_password:
            config["sasl.mechanism"] = self.sasl_mechanism
            config["sasl.username"] = self.sasl_username
            config["sasl.password"] = self.sasl_password.get_secret_value()
        files = {
            "ssl.ca.location": self.ssl_ca_file,
            "ssl.certificate.location": self.ssl_cert_file,
            "ssl.key.location": self.ssl_key_file,
        }
        config.update({key: str(path) for key, path in files.items() if path})
        if self.ssl_key_password:
            config["ssl.key.password"] = self.ssl_key_password.get_secret_value()
        return config


API_TOKENS: Final = ("api_viewer_token", "api_operator_token")
SECRETS: Final = ("sasl_password", "ssl_key_password", *API_TOKENS, "sink_url", "sink_secret")
"""The fields whose values nobody may see; each may also come from a file, `FRAMEBUS_<FIELD>_FILE`."""


_HIDDEN: Final = frozenset({*SECRETS, "pushgateway"})
"""Not shown where they are wrong: a URL is refused for the password that it holds."""


def _explain(detail: ErrorDetails, given: Mapping[str, str]) -> str:
    field = str(detail["loc"][0]) if detail["loc"] else ""
    if not field:
        return str(detail["msg"]).removeprefix("Value error, ")
    value = "(hidden)" if field in _HIDDEN else shown(str(given.get(field)))
    return f"{ENVIRONMENT_PREFIX}{field.upper()}={value}: {str(detail['msg']).removeprefix('Value error, ')}"
