"""Camera sources without their secrets: what logs, errors, statuses and pages may show."""

from __future__ import annotations

import re
from typing import Final

HIDDEN: Final = "***"

_USERINFO: Final = re.compile(r"^(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*://)(?P<user>[^:@/]*):.*@", re.DOTALL)
"""Greedy up to the last `@`: a password may itself hold `@` or `/`, and to hide too much harms nobody."""
_PARAMETER: Final = re.compile(r"(?i)(?<=[?&;])(?P<name>[^=&#;?]*(?:pass|pwd|token|secret|auth|key)[^=&#;]*)=[^&#;]*")


def redact(source: str) -> str:
    """`source` with the password of a URL, and the values of secret-looking query parameters, replaced by `***`."""
    source = _USERINFO.sub(rf"\g<scheme>\g<user>:{HIDDEN}@", source)
    return _PARAMETER.sub(rf"\g<name>={HIDDEN}", source)
