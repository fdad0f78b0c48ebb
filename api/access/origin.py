"""Whether a request was meant for us: no foreign page may look at a developer's cameras, or change anything.

A page whose name was made to lead to this machine (DNS rebinding) still says its own name in `Host`; a page of another
site says so in `Sec-Fetch-Site` and `Origin`.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

_FOREIGN: Final = frozenset({"cross-site", "same-site"})


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a service that listens on `host`."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def host_is_expected(host: str, names: frozenset[str]) -> bool:
    """Whether `host`, a Host header, is an address, this machine's own name, or one of `names`."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name in names:
        return True
    try:
        ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


def is_foreign(*, host: str, origin: str | None, site: str | None, is_link: bool) -> bool:
    """Whether a page of another site sent this; `is_link`: a person followed a link here, which only reads."""
    if is_link:
        return False
    if site in _FOREIGN:
        return True
    return origin is not None and _netloc(origin) != host.lower()


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None
