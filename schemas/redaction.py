"""Camera sources without their secrets: what logs, errors, statuses and pages may show."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

HIDDEN: Final = "***"

_WORD: Final = re.compile(r"\S+")
_USERINFO: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{0,31}://[^:@/\s]*:")
_PARAMETER: Final = re.compile(r"(?<=[?&;])(?P<name>[^=&#;?\s]{0,256}\??[^=&#;?\s]{0,256})=[^&#;\s'\"]*")
_SECRET: Final = re.compile("pass|pwd|token|secret|auth|key|signature|credential|jwt", re.IGNORECASE)

_ENCODED_COLON: Final = re.compile(r"^[a-zA-Z][a-zA-Z0-9+.-]*://[^@/?#\s]*%3a[^@/?#\s]*@", re.IGNORECASE)


def redact(text: str) -> str:
    """`text`, a source or a message that quotes one, with `***` for URLs' passwords and secret-looking parameters.

    In time that grows with the text alone, whatever it is: it may come from a stranger.
    """
    return _PARAMETER.sub(_without_secret, _WORD.sub(_without_password, text))


def _without_password(word: re.Match[str]) -> str:
    """Hide up to the last `@`: a password may itself hold `@` or `/`, and to hide too much harms nobody."""
    text = word[0]
    end = text.rfind("@")
    found = _USERINFO.search(text, 0, end) if end >= 0 else None
    return f"{text[: found.end()]}{HIDDEN}{text[end:]}" if found else text


def _without_secret(parameter: re.Match[str]) -> str:
    name = parameter["name"]
    return f"{name}={HIDDEN}" if _SECRET.search(name) else parameter[0]


def holds_secret(source: str) -> bool:
    """Whether a camera's source holds a password or a secret-looking parameter, plain or percent-encoded."""
    return bool(_ENCODED_COLON.match(source)) or any(redact(form) != form for form in (source, unquote(source)))


def conceal(source: str) -> str:
    """A source that may hold a secret in any form: of a URL only what is neither its user nor its parameters."""
    scheme, separator, rest = source.partition("://")
    if not separator:
        return redact(source)
    user, at, place = rest.rpartition("@")
    place, mark, _ = place.partition("?")
    return f"{scheme}://{HIDDEN if user else ''}{at}{place}{mark}{HIDDEN if mark else ''}"
