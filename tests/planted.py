"""Secrets that tests plant, each to be found nowhere but where it is kept: `tests/leaks.py` looks for them.

A test that handles a secret takes it from here, so that whatever the suite produces is searched for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

CAMERA_PASSWORD: Final = "planted/camera@7 Ü%41"
"""With every character that a URL must quote."""
OTHER_HOST_PASSWORD: Final = "planted-other-host"
URL_PASSWORD: Final = "planted-url-password"
URL_TOKEN: Final = "planted-url-token"
SASL_PASSWORD: Final = "planted-sasl-password"
TLS_KEY_PASSWORD: Final = "planted-tls-key-password"
VIEWER_TOKEN: Final = "planted-viewer-token-0123456789"
OPERATOR_TOKEN: Final = "planted-operator-token-0123456789"
SINK_SECRET: Final = "planted+sink/secret+0123456789abcdefghij"
"""After `whsec_`: base64 of 30 bytes."""
SINK_PASSWORD: Final = "planted-sink-password"
SINK_TOKEN: Final = "planted-sink-token"
HOSTILE_PASSWORD: Final = "planted-hostile-password"
"""In what hostile tests send."""

SECRETS: Final[Mapping[str, str]] = {
    name: value for name, value in dict(globals()).items() if name.isupper() and isinstance(value, str)
}

PLACES: Final[Mapping[str, frozenset[str]]] = {
    "*.cameras-*/*.log": frozenset({"URL_PASSWORD", "URL_TOKEN"}),
    "test-*/*.log": frozenset({"HOSTILE_PASSWORD"}),
    "locked*/kafka/server.properties": frozenset({"SASL_PASSWORD"}),
}
"""Files that may hold some of them, besides those that `keep` wrote: tests write hostile specifications of cameras into
the topic `cameras` themselves, past the check that refuses them, and hostile records into every topic; a locked broker
reads its own password."""

_kept: set[Path] = set()


def keep(path: Path, secret: str) -> Path:
    """Write a secret into its own file, which may hold it."""
    path.write_text(secret)
    path.chmod(0o600)
    _kept.add(path.resolve())
    return path


def may_hold(path: Path, name: str) -> bool:
    """Whether the file may hold the secret of this name."""
    return path.resolve() in _kept or any(path.match(pattern) and name in names for pattern, names in PLACES.items())
