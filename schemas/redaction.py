"""Camera sources without their secrets: what logs, errors, statuses and pages may show."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

HIDDEN: Final = "***"

_WORD: Final = re.compile("[^ ]+")
"""Only a space ends one: other white space is escaped before it is shown, and a word has to stay the same word."""
_COLON: Final = "(?::|%3[aA])"
_USERINFO: Final = re.compile(rf":/+[^:/ ]*?{_COLON}|(?:^|(?<=['\"]))[^:/'\" ]+?(?!:/){_COLON}")
"""What is before a password, in a URL or, where its scheme was forgotten, at a word's beginning.

The user may be an e-mail address: it is the last `@` that ends a password.
"""
_PARAMETER: Final = re.compile(r"(?<=[?&;])(?P<name>[^=&#;? ]{0,256}\??[^=&#;? ]{0,256})=[^&#; '\"]*")
_WORDS: Final = "pass|pas(?==|$)|pwd|token|secret|auth|key|signature|credential|jwt"
_SECRET: Final = re.compile(_WORDS, re.IGNORECASE)
_IN_PATH: Final = re.compile(
    rf"(?<=[/_])(?P<name>[^=&#;?/_ ]{{0,64}}(?:{_WORDS})[^=&#;?/ ]{{0,64}})=[^&#; '\"]*", re.IGNORECASE
)
"""As some cameras have it: `rtsp://HOST/user=NAME_password=SECRET_channel=1`."""

_BEFORE_USER: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*:/{2,}|(?:rtsp|http)s?:/?|/{2,})?", re.IGNORECASE)
_UP_TO_AT: Final = re.compile(r"(?:.*(?:@|%40))?", re.DOTALL)


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
    text = f"{text[: found.end()]}{HIDDEN}{text[end:]}" if found else text
    return _IN_PATH.sub(rf"\g<name>={HIDDEN}", text) if "://" in text else text


def _without_secret(parameter: re.Match[str]) -> str:
    name = parameter["name"]
    return f"{name}={HIDDEN}" if _SECRET.search(name) else parameter[0]


def holds_secret(source: str) -> bool:
    """Whether a camera's source holds a password or a secret-looking parameter, plain or percent-encoded."""
    return _names_password(source) or any(redact(form) != form for form in (source, unquote(source)))


def hide(source: str) -> str:
    """A camera's source as it may be shown to anybody, whoever wrote it and however its secret is encoded."""
    shown = redact(source)
    encoded = shown == source or redact(unquote(shown)) != unquote(shown)
    return conceal(source) if encoded and holds_secret(source) else shown


def _names_password(source: str) -> bool:
    """Whether its form is that of a URL with a password, or of one that lacks its scheme or a slash; paths are none."""
    user = _BEFORE_USER.sub("", source, count=1).rpartition("@")[0]
    name, *password = re.split(_COLON, user, maxsplit=1)
    return bool(password) and "/" not in name


def conceal(source: str) -> str:
    """A source that may hold a secret in any form: of a URL only what is neither its user nor its parameters."""
    scheme, separator, rest = source.partition("://")
    if not separator:
        scheme, rest = "", source
    place = _UP_TO_AT.sub("", rest, count=1)
    user = f"{HIDDEN}@" if place != rest else ""
    place, mark, _ = place.partition("?")
    plain = unquote(f"://{place}")
    if redact(plain) != plain:
        place = f"{place.partition('/')[0]}/{HIDDEN}"
    return f"{scheme}{separator}{user}{place}{mark}{HIDDEN if mark else ''}"
