"""What the text of a camera's source may say: no secret, and nothing that cannot be a URL."""

from __future__ import annotations

import re
from typing import Final
from unicodedata import normalize
from urllib.parse import unquote, urlsplit

from schemas.errors import SourceRefusedError
from schemas.redaction import conceal, hide, holds_secret, redact

_WHITE: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:\s*//\S*\s")
_EXPECTED: Final = (
    "rtsp://user@host/…, and the password in the file `host` or `host_port` of the capture workers' "
    "FRAMEBUS_CAMERA_PASSWORDS"
)


def check_source(source: str) -> None:
    """Check that a source's text holds no secret, and that its user is one that can stand in a header.

    Raises:
        SourceRefusedError: It does, or is not, or it is a URL with white space, or none that can be read; the text
            holds no secret.
    """
    if _WHITE.match(source):
        # What looks for secrets takes a text word by word: half a password would look like none.
        raise SourceRefusedError(f"source {conceal(source)!r} is a URL with white space in it; expected %20")
    if holds_secret(source):
        raise SourceRefusedError(
            f"source {hide(source)!r} holds a secret, which would stand in a topic; expected {_EXPECTED}"
        )
    try:
        user = urlsplit(source).username if "://" in source else None
    except ValueError:
        shown = conceal(normalize("NFKC", source))  # some letters are an `@` to whoever reads a host
        raise SourceRefusedError(
            f"source {shown!r} is a URL that nobody can read; expected a name or an address as its host"
        ) from None
    if user and not unquote(user).isprintable():
        raise SourceRefusedError(f"source {redact(source)!r}: its user has control characters; expected a name")
