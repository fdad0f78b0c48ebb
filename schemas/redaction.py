"""Camera sources without their secrets: what logs, errors, statuses and pages may show."""

from __future__ import annotations

import re
from typing import Final

HIDDEN: Final = "***"

_USERINFO: Final = re.compile(r"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*://)(?P<user>[^:@/\s]*):\S*@")
"""Greedy up to the last `@`: a password may itself hold `@` or `/`, and to hide too much harms nobody."""
_PARAMETER: Final = re.compile(
    r"(?i)(?<=[?&;])(?P<name>[^=&#;?\s]*(?:pass|pwd|token|secret|auth|key)[^=&#;\s]*)=[^&#;\s'\"]*"
)


def redact(text: str) -> str:
    """`text`, a source or a message that quotes one, with `***` for URLs' passwords and secret-looking parameters."""
    text = _USERINFO.sub(rf"\g<scheme>\g<user>:{HIDDEN}@", text)
    return _PARAMETER.sub(rf"\g<name>={HIDDEN}", text)
