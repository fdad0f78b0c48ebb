"""Free TCP ports of this machine."""

from __future__ import annotations

import random
import socket
from typing import Final

_RANGE: Final = range(20_000, 32_768)
"""Below the range from which Linux takes client ports: while a server restarts, no connection can take its own."""


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_port(*, host: str = "127.0.0.1", but: int | None = None) -> int:
    """A free port other than `but`, by chance, so that two who ask at once hardly get the same."""
    return next(port for port in random.sample(_RANGE, len(_RANGE)) if port != but and is_free(port, host))
