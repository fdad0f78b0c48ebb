"""Signs a request as Standard Webhooks has it: HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import hmac
from base64 import b64encode
from typing import Final

from pydantic import SecretStr

from schemas.settings import webhook_key

ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"


class Signer:
    """Signs with one key, or with two while a receiver changes from one to the other."""

    def __init__(self, secret: SecretStr) -> None:
        self._keys = [webhook_key(one) for one in secret.get_secret_value().split(" ")]

    def headers(self, identity: str, body: bytes, *, at: float) -> dict[str, str]:
        """The headers of a request with this body that is sent `at` a time, in seconds since 1970."""
        timestamp = str(int(at))
        content = f"{identity}.{timestamp}.".encode() + body
        signatures = [b64encode(hmac.digest(key, content, "sha256")).decode() for key in self._keys]
        return {ID: identity, TIMESTAMP: timestamp, SIGNATURE: " ".join(f"v1,{one}" for one in signatures)}
