"""What child processes are told by their environment, and where this machine's state is kept."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from schemas.settings import ENVIRONMENT_PREFIX, Settings

WORKER_ENVIRONMENT: Final[Mapping[str, str]] = {
    # A decoded picture is megabytes: above glibc's threshold each would be mapped and given back to the kernel, and
    # the page faults would double the decoding time.
    "MALLOC_MMAP_THRESHOLD_": "268435456",
    "MALLOC_TRIM_THRESHOLD_": "536870912",
    # Pages of 2 MiB for it: frames and pictures go through much memory, once.
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}
CAPTURE_ENVIRONMENT: Final[Mapping[str, str]] = {
    # Each camera has threads of its own. With an arena for each, what one has freed is of no use to the others: of
    # twelve cameras 11 MiB, at the same CPU.
    "MALLOC_ARENA_MAX": "2",
}
API_ENVIRONMENT: Final[Mapping[str, str]] = {
    # The frame cache's pictures come from many threads. With an arena of memory for each, glibc keeps what one has
    # freed from the others, and the cache takes a multiple of its bound.
    "MALLOC_ARENA_MAX": "1",
}


def environment_of(settings: Settings, *, but: Collection[str] = ()) -> dict[str, str]:
    """The `FRAMEBUS_…` variables from which a child process reads just these settings, those of `but` excepted."""
    variables = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if value is None or name in but:
            continue
        text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        variables[ENVIRONMENT_PREFIX + name.upper()] = text
    return variables


def inherited(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """What a child gets of our own environment: everything but settings, which it is given."""
    return {name: value for name, value in environ.items() if not name.startswith(ENVIRONMENT_PREFIX)}


def state_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """Where data and logs of this machine's services are kept: `$XDG_STATE_HOME/framebus`."""
    home = environ.get("XDG_STATE_HOME") or str(Path(environ.get("HOME", "~"), ".local", "state").expanduser())
    return Path(home, "framebus")
